package commands

import "github.com/syncrobot/syncrobot/chat"

// Menu is the list of commands and of actions on a message, for the
// platforms' own menus.
func Menu() chat.Menu {
	var m chat.Menu
	for _, c := range all() {
		m.Commands = append(m.Commands, chat.MenuItem{Name: c.Name, Label: c.usage(), About: c.Summary})
		if s := c.Shortcut; s != nil {
			m.Shortcuts = append(m.Shortcuts, chat.MenuItem{Name: s.Name, Label: s.Label, About: s.About})
		}
	}
	return m
}
