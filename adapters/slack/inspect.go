package slack

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"
)

// App is what Slack says about the app behind a bot token.
type App struct {
	ID      string // "A0001"; empty where the token may not ask for it
	Team    string // "T0001"
	Name    string // of the workspace
	Bot     string // the app's own name there
	Granted []string
	Clock   time.Time // Slack's, to the second; zero where it did not say
}

// Inspector asks Slack about the app. It changes nothing there.
type Inspector struct{ web *slackapi.Client }

// NewInspector makes one for a bot token and, for Socket Mode, an app-level
// token. apiURL ends with a slash.
func NewInspector(apiURL, botToken, appToken string) *Inspector {
	client := &http.Client{
		Timeout:       webTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &Inspector{slackapi.New(botToken, slackapi.OptionAPIURL(apiURL), slackapi.OptionHTTPClient(client), slackapi.OptionAppLevelToken(appToken))}
}

// App asks auth.test and bots.info.
func (i *Inspector) App(ctx context.Context) (App, error) {
	said, err := i.web.AuthTestContext(ctx)
	if err != nil {
		return App{}, err
	}
	app := App{Team: said.TeamID, Name: said.Team, Bot: said.User}
	for _, name := range strings.Split(said.Header.Get("X-OAuth-Scopes"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			app.Granted = append(app.Granted, name)
		}
	}
	app.Clock, _ = http.ParseTime(said.Header.Get("Date"))
	if bot, err := i.web.GetBotInfoContext(ctx, slackapi.GetBotInfoParameters{Bot: said.BotID}); err == nil {
		app.ID = bot.AppID
	}
	return app, nil
}

// Socket asks for the address of a Socket Mode connection and does not use it.
func (i *Inspector) Socket(ctx context.Context) error {
	_, _, err := i.web.StartSocketModeContext(ctx)
	return err
}

// Code is Slack's word for why it refused, as "invalid_auth"; empty where err
// is something else.
func Code(err error) string {
	said, _ := errors.AsType[slackapi.SlackErrorResponse](err)
	return said.Err
}
