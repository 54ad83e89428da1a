package syncro

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// productTTL is as long as a card is changed by its buttons: the rate that is
// shown is what will be sent.
const productTTL = 15 * time.Second

func productCache(id int64) string {
	return "syncrobot:cache:product:" + strconv.FormatInt(id, 10)
}

// Product is something that can be charged.
type Product struct {
	ID       int64     `json:"id"`
	Name     string    `json:"name"`
	Price    string    `json:"price"` // decimal, for one; empty: none is set
	Taxable  bool      `json:"taxable"`
	Disabled bool      `json:"disabled"`
	Read     time.Time `json:"read"` // when it was read from Syncro
}

// Product reads a product by its id. It is kept in Redis for a moment, for
// everybody: Read says how old it is.
func (r *Reader) Product(ctx context.Context, id int64) (Product, error) {
	var product Product
	cache := productCache(id)
	if cached, err := r.client.redis.Get(ctx, cache).Bytes(); err == nil && json.Unmarshal(cached, &product) == nil && product.ID == id {
		return product, nil
	}
	product, err := r.ReadProduct(ctx, id)
	if err != nil {
		return Product{}, err
	}
	stored, err := json.Marshal(product)
	if err != nil {
		return Product{}, err
	}
	if err := r.client.redis.Set(ctx, cache, stored, productTTL).Err(); err != nil {
		r.client.log.WarnContext(ctx, "a product of Syncro could not be cached", "error", err)
	}
	return product, nil
}

// ReadProduct reads it from Syncro, whatever is kept in Redis.
func (r *Reader) ReadProduct(ctx context.Context, id int64) (Product, error) {
	path := "/products/" + strconv.FormatInt(id, 10)
	body, err := r.get(ctx, path)
	if err != nil {
		return Product{}, err
	}
	p, err := decodeOne[struct {
		ID       integer `json:"id"`
		Name     text    `json:"name"`
		Price    number  `json:"price_retail"`
		Taxable  flag    `json:"taxable"`
		Disabled flag    `json:"disabled"`
	}](body, "product")
	if err == nil && int64(p.ID) != id {
		err = fmt.Errorf("%w: it is product %d", errShape, p.ID)
	}
	if err == nil && p.Price != "" {
		_, err = amount(string(p.Price))
	}
	if err != nil {
		return Product{}, garbled(path, err)
	}
	return Product{
		ID: id, Name: string(p.Name), Price: string(p.Price), Taxable: bool(p.Taxable), Disabled: bool(p.Disabled), Read: time.Now(),
	}, nil
}
