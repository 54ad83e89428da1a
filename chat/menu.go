package chat

// Menu is what people find in a platform's own menus before they have typed
// anything. The apps' manifests are made of it.
type Menu struct {
	Commands  []MenuItem // the most used first: some platforms show only the beginning
	Shortcuts []MenuItem // actions on a message
}

// MenuItem is one entry of a Menu.
type MenuItem struct {
	Name  string // the word that is typed; a Shortcut's Name
	Label string // what people read: "note <ticket> <text>", "Add to Syncro ticket"
	About string // one line
}
