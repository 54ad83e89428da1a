package teams

import (
	"testing"

	"github.com/syncrobot/syncrobot/chat/chattest"
)

// BenchmarkRender draws the cards of the gallery, the worst among them, as
// Adaptive Cards.
func BenchmarkRender(b *testing.B) {
	for _, c := range chattest.Gallery() {
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if render(c.Card).card.Type == "" {
					b.Fatal("nothing was drawn")
				}
			}
		})
	}
}
