package syncro

import (
	"encoding/json"
	"fmt"
	"strings"
)

// likeness is how like a record is to what is to be written.
type likeness int

const (
	other likeness = iota
	near           // only a person can tell
	ours
)

// sight sorts the records of an evidence by how like they are to the write.
// It fails where one has no id: it could be the one.
func sight[T any](records []T, compare func(T) (integer, likeness)) (Sight, error) {
	var s Sight
	for _, record := range records {
		id, like := compare(record)
		if id <= 0 {
			return Sight{}, fmt.Errorf("%w: a record without id", errShape)
		}
		s.All = append(s.All, int64(id))
		switch like {
		case ours:
			s.Ours = append(s.Ours, int64(id))
		case near:
			s.Near = append(s.Near, int64(id))
		}
	}
	return s, nil
}

// otherwise is the error for an answer that names a record which is not as it
// was sent. The record is there, whatever it is.
func otherwise(id integer, format string, values ...any) error {
	return &notAsSent{ID: int64(id), err: fmt.Errorf(format, values...)}
}

type notAsSent struct {
	ID  int64
	err error
}

func (e *notAsSent) Error() string { return e.err.Error() }

// left is the sight of what is to be removed: the record with the id, if it
// is still among the records.
func left[T any](records []T, want int64, id func(T) integer) (Sight, error) {
	return sight(records, func(record T) (integer, likeness) {
		if id(record) == integer(want) {
			return id(record), ours
		}
		return id(record), other
	})
}

// listOf reads a list of the answer to GET /tickets/{id}, and fails where it
// is not that ticket or does not have the list: an empty one must mean that
// there are none.
func listOf[T any](body []byte, ticketID int64, name string) ([]T, error) {
	ticket, err := decodeOne[map[string]json.RawMessage](body, "ticket")
	if err != nil {
		return nil, err
	}
	var id integer
	if raw, ok := ticket["id"]; ok {
		_ = id.UnmarshalJSON(raw)
	}
	if int64(id) != ticketID {
		return nil, fmt.Errorf("%w: it is not about ticket %d", errShape, ticketID)
	}
	var list []T
	if err := json.Unmarshal(ticket[name], &list); err != nil || list == nil {
		return nil, fmt.Errorf("%w: it lists no %s", errShape, strings.ReplaceAll(name, "_", " "))
	}
	return list, nil
}

// sameWords compares texts whatever Syncro did to them.
func sameWords(a, b string) bool { return Normalize(a) == Normalize(b) }

// similar reports whether one normalised text is the beginning of the other
// (cut off, or with a signature), or at least nine words of ten are in both.
func similar(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) {
		return true
	}
	words, others := strings.Fields(a), strings.Fields(b)
	count := make(map[string]int, len(words))
	for _, word := range words {
		count[word]++
	}
	common := 0
	for _, word := range others {
		if count[word] > 0 {
			count[word]--
			common++
		}
	}
	return 2*common*10 >= 9*(len(words)+len(others))
}
