package syncrosim

import "slices"

func productObject(p *Product) object {
	return object{
		"id": p.ID, "price_cost": bare(p.Cost), "price_retail": bare(p.Price), "condition": nil, "description": text(p.Description),
		"maintain_stock": false, "name": p.Name, "quantity": 0, "warranty": nil, "sort_order": nil, "reorder_at": nil,
		"disabled": p.Disabled, "taxable": p.Taxable, "product_category": text(p.Category), "category_path": text(p.Category), "upc_code": nil,
		"discount_percent": nil, "warranty_template_id": nil, "qb_item_id": nil, "desired_stock_level": nil, "price_wholesale": 0, "notes": nil,
		"tax_rate_id": nil, "physical_location": nil, "serialized": false, "vendor_ids": []any{}, "product_skus": []any{},
		"long_description": nil, "location_quantities": []any{}, "photos": []any{},
	}
}

// categories are the categories of the products, numbered from 1.
func (d *Data) categories() []string {
	var out []string
	for _, p := range d.Products {
		if p.Category != "" && !slices.Contains(out, p.Category) {
			out = append(out, p.Category)
		}
	}
	return out
}

// listProducts answers without meta, as documented.
func listProducts(c *call) answer {
	categories := c.s.data.categories()
	rows := []object{}
	for i := range c.s.data.Products {
		p := &c.s.data.Products[i]
		if contains(p.Name, c.str("name")) && contains(p.Name+"\n"+p.Description, c.str("query")) &&
			(!c.given("category_id") || c.num("category_id") == int64(slices.Index(categories, p.Category)+1)) {
			rows = append(rows, productObject(p))
		}
	}
	return ok(object{"products": rows})
}

func listCategories(c *call) answer {
	rows := []object{}
	for i, name := range c.s.data.categories() {
		rows = append(rows, object{
			"id": i + 1, "account_id": 4411, "ancestry": nil, "name": name, "description": name, "device_product_id": nil, "names_depth_cache": name,
		})
	}
	return ok(object{"categories": rows})
}

func getProduct(c *call) answer {
	p := c.s.data.product(c.id())
	if p == nil {
		return gone()
	}
	return ok(object{"product": productObject(p)})
}

func getTicketSettings(c *call) answer {
	users := []object{}
	for _, u := range c.s.data.Users {
		users = append(users, object{"id": u.ID, "name": u.Name})
	}
	set := c.s.data.Settings
	return ok(object{
		"ticket_status_list": list(set.Statuses), "default_labor_product_id": ref(set.DefaultLaborID), "ticket_timer_charge_by_default": nil,
		"saved_searches": []any{}, "ticket_types": []any{}, "ticket_type_fields": []any{}, "ticket_type_field_answers": []any{},
		"appointment_types": []any{}, "users": users, "dashboard_settings": nil, "worksheet_templates": []any{}, "require_ticket_type": nil,
		"require_intake_form_with_ticket": nil, "require_outtake_form_with_ticket": nil, "ticket_workflow_default_id": nil,
	})
}

func getSettings(c *call) answer {
	set := c.s.data.Settings
	hours := []object{}
	for _, day := range []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"} {
		hours = append(hours, object{"day": day, "start": "09:00", "end": "17:00", "closed": day == "Sunday" || day == "Saturday"})
	}
	return ok(object{
		"customers": object{"required_fields": nil, "customer_fields": []any{}, "customer_field_answers": []any{}},
		"assets":    object{"asset_types": []any{}, "asset_type_fields": []any{}, "asset_type_field_answers": []any{}},
		"locale": object{
			"iso_code": "en", "currency_symbol": "$", "date_format": "mm-dd-yy", "time_format": "hh:mm tt",
			"time_zone": set.TimeZone, "time_offset": "-08:00",
		},
		"ticket": object{
			"ticket_types": []any{}, "ticket_type_fields": []any{}, "ticket_type_field_answers": []any{},
			"problem_types": list(set.ProblemTypes), "priorities": list(set.Priorities),
		},
		"business_hours_enabled": true, "business_hours": hours, "default_holiday_calendar": "USA", "msp_addon": nil,
	})
}
