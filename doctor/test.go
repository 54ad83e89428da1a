package doctor

import (
	"context"

	"github.com/syncrobot/syncrobot/chat"
)

// test sends a message to one technician, where that was asked for. It is the
// one thing that the doctor does rather than look at.
func (x *examination) test(ctx context.Context, f *findings) {
	card := chat.Card{
		Title: "A test", Tone: chat.Good,
		Parts: []chat.Part{chat.Text("Somebody ran “bot doctor --send-test " + x.Test + "”: the bot can write to you here. Nothing was done in Syncro.")},
	}
	for _, t := range x.Config.Technicians {
		if t.Name != x.Test {
			continue
		}
		for _, key := range t.Users() {
			at := private(key)
			_, err := x.Platforms.Post(ctx, at, card)
			told(f, at.Platform, "a message was sent to "+t.Name, err)
		}
	}
}
