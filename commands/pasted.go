package commands

import (
	"errors"
	"regexp"
	"strings"

	"github.com/syncrobot/syncrobot/syncro"
)

// errKeyInChat is what looks like a Syncro token among words that were typed.
// They are not given back, not logged and not kept.
var errKeyInChat = errors.New("what looks like a Syncro key was written in a chat")

var (
	token = regexp.MustCompile(syncro.TokenPattern)
	// opaque is one long word of letters and digits.
	opaque = regexp.MustCompile(`^[0-9A-Za-z_-]{24,}$`)
)

// hasKey reports whether there is a Syncro token among typed words, or nothing
// but one word that can be no command. Hashes and serial numbers within a text
// are none.
func hasKey(text string) bool {
	if token.MatchString(text) {
		return true
	}
	text = strings.TrimFunc(text, space)
	return opaque.MatchString(text) && strings.ContainsAny(text, "0123456789") && strings.Trim(text, "0123456789-") != ""
}

// anyKey is hasKey for the values of a form.
func anyKey(values map[string]string) bool {
	for _, v := range values {
		if token.MatchString(v) {
			return true
		}
	}
	return false
}
