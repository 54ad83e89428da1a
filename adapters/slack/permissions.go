package slack

// Permission is something that the Slack app must be allowed or told, and
// what for.
type Permission struct{ Name, For string }

// Scopes are the scopes of the bot token. The manifest asks for them, and
// "bot doctor" looks for them: whoever calls another method of the Web API
// adds its scope here.
func Scopes() []Permission {
	return []Permission{
		{"chat:write", "Answers that the response_url does not carry any more: as an ephemeral message, else as a direct one"},
		{"commands", "The slash command and the message shortcuts"},
		{"im:write", "Opening the direct message for such an answer"},
		{"users:read", "Guests, bots and people of other workspaces are told apart from members (users.info), and cards name people"},
	}
}

// Events are the event types that the app subscribes to. With app_home_opened
// the manifest has the home tab, with link_shared the domain of Syncro.
func Events() []Permission { return nil }
