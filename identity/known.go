package identity

import "github.com/syncrobot/syncrobot/chat"

// Known reports, without asking anybody, whether the config names the chat
// user and nothing stands against them.
func (d *Directory) Known(user chat.User) bool {
	_, ok := d.state.Load().byUser[user.Key()]
	return ok && user.Outsider == ""
}
