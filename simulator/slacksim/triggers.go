package slacksim

import (
	"fmt"
	"time"
)

// triggerLife is how long a trigger_id may be exchanged for a view (docs.slack.dev, modals).
const triggerLife = 3 * time.Second

type trigger struct {
	user string
	made time.Time
	used bool
}

func (s *Slack) newTrigger(user string) string {
	id := fmt.Sprintf("%d.%d.%s", s.o.Now().UnixMilli(), len(s.triggers)+1, token(20))
	s.triggers[id] = &trigger{user: user, made: s.o.Now()}
	return id
}

// exchange uses a trigger up. It returns the person, or the error that views.open answers.
func (s *Slack) exchange(id string) (user, fault string) {
	t := s.triggers[id]
	switch {
	case t == nil:
		return "", "invalid_trigger_id"
	case t.used:
		return "", "exchanged_trigger_id"
	case s.o.Now().Sub(t.made) > triggerLife:
		return "", "expired_trigger_id"
	}
	t.used = true
	return t.user, ""
}
