package slack

// Permission is something that the Slack app must be allowed or told, and
// what for.
type Permission struct{ Name, For string }

// Scopes are the scopes of the bot token. The manifest asks for them, and
// "bot doctor" looks for them: whoever calls another method of the Web API
// adds its scope here.
func Scopes() []Permission {
	return []Permission{
		{"channels:read", "Whether a public channel is shared with another organisation (conversations.info): nothing about customers is shown there"},
		{"chat:write", "News in channels, private messages, and answers that the response_url does not carry any more"},
		{"commands", "The slash command and the message shortcuts"},
		{"groups:read", "The same of private channels that the bot is in"},
		{"im:write", "Opening the direct message that a private message goes to"},
		{"links:read", "Being told of pasted links to Syncro"},
		{"links:write", "The small card below such a link"},
		{"users:read", "Guests, bots and people of other workspaces are told apart from members (users.info), and cards name people"},
	}
}

// OptionalScopes are for each shop to add: the manifest does not ask for them,
// and without them the bot says what it cannot do.
func OptionalScopes() []Permission {
	return []Permission{
		{"channels:history", "Optional: “Add to Syncro ticket” takes a message's whole thread along"},
		{"groups:history", "Optional: the same in private channels that the bot is in"},
	}
}

// Events are the event types that the app subscribes to. With app_home_opened
// the manifest has the home tab, with link_shared the domain of Syncro.
func Events() []Permission {
	return []Permission{
		{"app_home_opened", "The Home tab: a person's running timer and tickets"},
		{"link_shared", "A pasted link to a ticket becomes a small card"},
	}
}
