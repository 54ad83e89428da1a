package commands

import "testing"

func TestWhatLooksLikeAKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Tdemo-sam-90f3b7d2c6e1a584":                                         true,
		"note 32164 the key is Tdemo-sam-90f3b7d2c6e1a584, keep it":          true,
		"T4be1c0f9a7d3e2b8c1-90f3b7d2c6e1a584a1b2c3d4e5f60718":               true,
		"“T4be1c0f9a7d3e2b8c1-90f3b7d2c6e1a584a1b2c3d4e5f60718”":             true,
		"4be1c0f9a7d3e2b8c190f3b7d2c6e1a5":                                   true, // nothing but one opaque word
		" \u200b4be1c0f9a7d3e2b8c190f3b7d2c6e1a5\n":                          true,
		"note 32164 sha256 4be1c0f9a7d3e2b8c190f3b7d2c6e1a5":                 false,
		"note 32164 license VK7JG-NPHTM-C97JM-9MPGT-3V66T":                   false,
		"note 32164 Teams tenant 11111111-1111-1111-1111-111111111111 moved": false,
		"https://example.syncromsp.com/tickets/32164":                        false,
		"32164":                          false,
		"note 32164 TEST-1234 done":      false,
		"search Tower-7-printer-4b1f":    false,
		"customers create Harbor Dental": false,
		"":                               false,
	} {
		if got := hasKey(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
