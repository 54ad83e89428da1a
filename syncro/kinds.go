package syncro

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// kinds is THE LIST OF WRITES, each with how it is read from storage.
func kinds() map[string]func(json.RawMessage) (Write, error) {
	return map[string]func(json.RawMessage) (Write, error){
		AddComment{}.Kind():     stored[AddComment],
		AddLine{}.Kind():        stored[AddLine],
		UpdateLine{}.Kind():     stored[UpdateLine],
		RemoveLine{}.Kind():     stored[RemoveLine],
		AddTimer{}.Kind():       stored[AddTimer],
		UpdateTimer{}.Kind():    stored[UpdateTimer],
		DeleteTimer{}.Kind():    stored[DeleteTimer],
		ChargeTimer{}.Kind():    stored[ChargeTimer],
		CreateInvoice{}.Kind():  stored[CreateInvoice],
		DeleteInvoice{}.Kind():  stored[DeleteInvoice],
		CreateTicket{}.Kind():   stored[CreateTicket],
		UpdateTicket{}.Kind():   stored[UpdateTicket],
		DeleteTicket{}.Kind():   stored[DeleteTicket],
		CreateCustomer{}.Kind(): stored[CreateCustomer],
	}
}

// Kinds are the names of all writes, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds())) }

// MarshalWrite makes a write storable.
func MarshalWrite(w Write) (kind string, args json.RawMessage, err error) {
	if _, ok := kinds()[w.Kind()]; !ok {
		return "", nil, fmt.Errorf("syncro: %q is no kind of write", w.Kind())
	}
	if err := check(w); err != nil {
		return "", nil, err
	}
	args, err = json.Marshal(w)
	return w.Kind(), args, err
}

// UnmarshalWrite reads what MarshalWrite made. It fails for a kind or a field
// that this version does not know, rather than do less than was confirmed.
func UnmarshalWrite(kind string, args json.RawMessage) (Write, error) {
	read, ok := kinds()[kind]
	if !ok {
		return nil, fmt.Errorf("syncro: %q is no kind of write", kind)
	}
	w, err := read(args)
	if err != nil {
		return nil, fmt.Errorf("syncro: read a stored %s: %w", kind, err)
	}
	return w, nil
}

func stored[W Write](args json.RawMessage) (Write, error) {
	var w W
	decoder := json.NewDecoder(bytes.NewReader(args))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return nil, err
	}
	return w, check(w)
}

// check refuses a write that lacks what its request needs.
func check(w Write) error {
	if v, ok := w.(interface{ valid() error }); ok {
		if err := v.valid(); err != nil {
			return fmt.Errorf("syncro: %s: %w", w.Kind(), err)
		}
	}
	return nil
}
