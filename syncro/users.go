package syncro

import (
	"context"
	"encoding/json"
	"fmt"
)

// Me is the owner of a key. The rest of the answer of GET /me stays unread:
// it contains a token.
type Me struct {
	UserID int64
	Name   string
	Email  string
}

// Me asks whose key this is.
func (r *Reader) Me(ctx context.Context) (Me, error) {
	body, err := r.get(ctx, mePath)
	if err != nil {
		return Me{}, err
	}
	me, err := decodeOne[struct {
		UserID integer `json:"user_id"`
		Name   text    `json:"user_name"`
		Email  text    `json:"user_email"`
	}](body, "user")
	if err == nil && me.UserID <= 0 {
		err = fmt.Errorf("%w: no user id", errShape)
	}
	if err != nil {
		return Me{}, garbled(mePath, err)
	}
	return Me{UserID: int64(me.UserID), Name: string(me.Name), Email: string(me.Email)}, nil
}

// Technician is a user of the Syncro account.
type Technician struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// UnmarshalJSON reads both forms in use: [1,"Dana Ruiz"] as GET /users has it,
// and {"id":1,"name":"Dana Ruiz"} as GET /tickets/settings does.
func (t *Technician) UnmarshalJSON(raw []byte) error {
	var pair []text
	if json.Unmarshal(raw, &pair) == nil && len(pair) >= 2 {
		var id integer
		_ = id.UnmarshalJSON([]byte(pair[0]))
		*t = Technician{ID: int64(id), Name: string(pair[1])}
		return nil
	}
	var object struct {
		ID       integer `json:"id"`
		Name     text    `json:"name"`
		FullName text    `json:"full_name"`
	}
	if err := json.Unmarshal(raw, &object); err != nil {
		return fmt.Errorf("%w: no user", errShape)
	}
	*t = Technician{ID: int64(object.ID), Name: firstOf(object.Name, object.FullName)}
	return nil
}

// users lists the account's users by GET /users.
func (r *Reader) users(ctx context.Context) ([]Technician, error) {
	list, err := readList[Technician](ctx, r, "/users", "users", nil, 1)
	return list.Items, err
}

// firstOf is the first that is not empty.
func firstOf(candidates ...text) string {
	for _, c := range candidates {
		if c != "" {
			return string(c)
		}
	}
	return ""
}
