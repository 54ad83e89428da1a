// Package config reads the bot's one YAML file. Everything that is wrong
// with it is found at once, each with its place and what to write instead.
package config

import (
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Example is a commented config file with every key. It loads where the
// environment variables that it names are set.
//
//go:embed example.yaml
var Example string

// Config is the whole file, defaults filled in and paths made absolute.
type Config struct {
	Listen        string // host:port for Slack, Teams and the Syncro webhook
	Admin         string // host:port for /healthz, /readyz and /metrics
	PublicURL     string // where listen is reached from the internet, without a slash at its end; empty: not told
	Redis         Redis
	Syncro        Syncro
	Vault         Vault
	Technicians   []Technician
	Slack         *Slack // nil: no Slack
	Teams         *Teams // nil: no Teams
	Confirm       Confirm
	Tickets       Tickets
	Billing       Billing
	Notify        Notify
	EndOfDay      EndOfDay
	Timers        Timers
	SessionLogs   SessionLogs
	Audit         Audit
	ShutdownGrace time.Duration
	Log           Log
	Traces        string // where an OpenTelemetry collector takes OTLP over HTTP, without /v1/traces; empty: nowhere
}

// Syncro says how to reach Syncro.
type Syncro struct {
	URL               string // without a slash at its end
	Auth              string // auto, header or query
	RequestsPerMinute int
	Timeout           time.Duration // of one request
}

// Vault says where the Syncro keys are.
type Vault struct {
	Dir         string
	UserEntry   string // below Dir, with {name} in it
	SharedEntry string // below Dir
	SharedKey   string // off, reads or all
}

// Technician is somebody whom the bot serves.
type Technician struct {
	Name  string         // {name} in Vault.UserEntry: a-z, 0-9, - and _
	Slack []string       // team/user, "T0001/U0001"
	Teams []string       // tenant/object id, two lower-case GUIDs
	Zone  *time.Location // where they work; nil: as EndOfDay says, or the machine
}

// ChatUser is a technician's user on a platform.
type ChatUser struct{ Platform, Tenant, ID string }

// ChatUsers is the technician's users on all platforms.
func (t Technician) ChatUsers() []ChatUser {
	var all []ChatUser
	for _, of := range []struct {
		platform string
		ids      []string
	}{{"slack", t.Slack}, {"teams", t.Teams}} {
		for _, id := range of.ids {
			tenant, user, _ := strings.Cut(id, "/")
			all = append(all, ChatUser{of.platform, tenant, user})
		}
	}
	return all
}

// Users is the technician's chat users, as chat.User's Key writes them:
// "slack/T0001/U0001".
func (t Technician) Users() []string {
	var users []string
	for _, u := range t.ChatUsers() {
		users = append(users, u.Platform+"/"+u.Tenant+"/"+u.ID)
	}
	return users
}

// Slack is the Slack app.
type Slack struct {
	Transport     string   // http or socket
	Teams         []string // the workspaces served
	AppID         string   // may be empty
	SigningSecret Secret   // may be empty with the socket transport
	BotToken      Secret
	AppToken      Secret // may be empty with the http transport
	Command       string // with its slash
	APIURL        string // with a slash at its end
	ResponseHosts []string
}

// Teams is the Teams app.
type Teams struct {
	TenantID     string // lower-case GUID
	AppID        string // lower-case GUID
	ClientSecret Secret
	TokenURL     string
	OpenIDURL    string
	ServiceHosts []string
}

// Confirm is about the cards that ask.
type Confirm struct {
	TTL      time.Duration // how long a card may be confirmed
	Patience time.Duration // how long a change without a clear answer is looked for before its author is asked
}

// Tickets is about tickets.
type Tickets struct {
	CloseStatus     string
	DefaultPriority string
}

// Billing says how time is billed.
type Billing struct {
	Path  string  // line_item or timer
	Price string  // live or omit
	Labor []Labor // in the order of the file; empty where none is configured
}

// Labor is a kind of labor and the Syncro product it is billed as.
type Labor struct {
	Name      string
	ProductID int64
	Prepaid   *PrepaidLabor // nil: customers with prepaid hours are billed like any other
}

// PrepaidLabor is what is billed instead to customers with prepaid hours.
type PrepaidLabor struct {
	Labor string // the name of another kind
	Times string // so many hours for each that was worked, decimal, as "1.5"
}

// Notify says which news go where.
type Notify struct {
	WebhookSecret Secret // empty: no webhook
	Poll          time.Duration
	Routes        []Route
	Quiet         Quiet
}

// Quiet are hours of each day in which only urgent news are told.
type Quiet struct {
	From, To time.Duration  // after midnight; equal: none
	Zone     *time.Location // of channels, and of technicians without their own; nil: the machine's
}

// Route sends an event to one place: one of Slack, Teams and Person is set.
// Filters that are empty let everything through.
type Route struct {
	Event  string // invoiced, created, assigned, replied, urgent or resolved
	Slack  string // channel id
	Teams  string // conversation id, also where the file has a channel's link
	Person string // a technician's name: a private message on each platform

	Customers   []string // names in Syncro
	Technicians []string // names in Syncro
	MinTotal    string   // decimal, of the ticket's invoices; empty: any
}

// EndOfDay is about the private message at the end of a technician's day.
type EndOfDay struct {
	On   bool           // the section is there
	At   time.Duration  // after midnight
	Days [7]bool        // by time.Weekday
	Zone *time.Location // of technicians without their own; nil: the machine's
}

// Timers is about the timers that run in the bot.
type Timers struct {
	NudgeAfter time.Duration // 0: never
}

// SessionLogs says where session logs are written.
type SessionLogs struct {
	Dir string
	Git bool // commit each file
}

// Audit is about the record of who did what.
type Audit struct {
	Keep time.Duration // how long Redis keeps a line
}

// Log is about the bot's own log.
type Log struct {
	Level  slog.Level
	Format string // json or text
}

// Load reads the file at path. env looks an environment variable up, as
// os.LookupEnv does. A file that can be read and is wrong gives Faults.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("read the config: %w", err)
	}
	return parse(path, dir, data, env)
}
