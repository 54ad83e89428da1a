package syncro_test

import (
	"slices"
	"testing"

	"github.com/syncrobot/syncrobot/syncro"
)

// Whatever Syncro answers, an evidence names only ids that it counts among
// all, and none as both ours and near.
func FuzzEvidence(f *testing.F) {
	for _, body := range []string{
		`{"ticket":{"id":5,"line_items":[{"id":9,"user_id":4101,"product_id":1190473,"name":"Labor - Remote Business","description":"Rekeyed the VPN & tested twenty minutes.","quantity":"0.5","price_retail":150}],"ticket_timers":[{"id":66,` + workedTimer + `],"comments":[]}}`,
		`{"ticket":{"id":5,"line_items":[null,{"id":"9","quantity":1e999999999,"price_retail":-0.0}],"ticket_timers":[{"id":{}}]}}`,
		`{"invoices":[{"id":9,"ticket_id":5,"customer_id":7},{"id":10,"ticket_id":5,"customer_id":8}],"meta":{"total_pages":1}}`,
		`{"invoice":{"id":9,"ticket_id":5,"customer_id":7,"line_items":[{"id":1,"item":"Labor - Remote Business","price":"150.0","quantity":"0.5","product_id":1190473}]}}`,
		`{"id":70001,"number":"67501","line_items":[]}`,
		`{"tickets":[{"id":9,"customer_id":7,"subject":"Scanner to e-mail fails","user_id":4101,"priority":"2 Normal","comments":{}}]}`,
		`{"customers":[{"id":9,"business_name":"Harbor Dental","firstname":"Amy","lastname":"Cole"}]}`,
		`{"ticket_line_item":{"id":550912,"quantity":"0.75"}}`, `{"success":true}`, `{"message":"Ticket was successfully deleted. "}`, `null`, `[]`,
	} {
		f.Add([]byte(body))
	}
	writes := everyWrite()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, w := range writes {
			evidences := []syncro.Evidence{w.Evidence(dana)}
			if checked, ok := w.(syncro.Checked); ok {
				evidences = append(evidences, checked.Check(9))
			}
			for _, e := range evidences {
				sight, err := e.Read(body)
				if err != nil {
					continue
				}
				for _, id := range slices.Concat(sight.Ours, sight.Near) {
					if id <= 0 || !slices.Contains(sight.All, id) {
						t.Errorf("%s: %+v", w.Kind(), sight)
					}
				}
				if e.Effect == syncro.Sets && sight.IsSet && sight.Why != "" {
					t.Errorf("%s: %+v", w.Kind(), sight)
				}
			}
			if id, err := w.Made(body); err == nil && id <= 0 {
				t.Errorf("%s: made %d", w.Kind(), id)
			}
			if named, ok := w.(syncro.Named); ok {
				named.Name(body)
			}
		}
	})
}
