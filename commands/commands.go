// Package commands is what can be typed: one list, one file a command, and
// what they share: reading the typed line, help, and errors in words. A
// command answers with cards or proposes a plan; it is handed a reader and
// cannot write.
package commands

import (
	"context"
	"time"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/sessionlog"
	"github.com/syncrobot/syncrobot/syncro"
)

// all is THE LIST OF COMMANDS, the most used first. Help, "did you mean" and
// the platforms' manifests are made of it.
func all() []Command {
	return []Command{
		openTickets(),
		showTicket(),
		note(),
		reply(),
		bill(),
		closeTicket(),
		createTicket(),
		searchTickets(),
		searchCustomers(),
		updateStatus(),
		assignTicket(),
		setPriority(),
		startTimer(),
		stopTimer(),
		timerEntries(),
		lineItems(),
		invoice(),
		latestInvoices(),
		showComments(),
		comment(),
		deleteTicket(),
		sessionLog(),
		pending(),
		whoami(),
		link(),
		unlink(),
		help(),
	}
}

// Command is one thing that can be typed.
type Command struct {
	Name     string
	Aliases  []string
	Args     string // "<ticket> [resolution]"
	Summary  string // one line
	Examples []string
	Run      func(ctx context.Context, c *Call) (Result, error)

	// NoKey runs the command for a technician without a key as well: its Call
	// has no Reader, and of Who nothing.
	NoKey bool

	// Ask is the form for what a line lacks, decided from the line alone and
	// so opened at once; nil where it lacks nothing. The command opens no
	// form where Ask is nil.
	Ask func(rest string, known Known) *Form
	// Submit takes the answers of a form of this command's; about is the
	// Form's About. Nil where the command opens none.
	Submit func(ctx context.Context, c *Call, about string, values map[string]string) (Result, error)
	// Suggest finds options for a Lookup of the form.
	Suggest func(ctx context.Context, c *Call, s chat.Search) ([]chat.Option, error)
	// Shortcut opens the form on a message; nil where the command has none.
	Shortcut *Shortcut
}

// Shortcut is an action on a message that opens a command's form.
type Shortcut struct {
	Name  string                                   // in the apps' manifests
	Label string                                   // what people read, at most 24 characters
	About string                                   // what it does, in a line
	Form  func(on *chat.Message, known Known) Form // on is nil where it was used on no message
}

// Known is what is known before Syncro is asked. Forms are made of it: Slack
// lets one open for three seconds.
type Known struct {
	Rules
	Settings syncro.Settings // the account's lists, up to a day old; empty where they were not read
	Own      bool            // the person has a key of their own
	Timers   measures        // theirs, running or stopped
	Now      time.Time       // where the person works

	invoiced func(word string) bool // whether a ticket, as typed, was Invoiced when it was last read
}

// Call is one typed command.
type Call struct {
	Reader *syncro.Reader      // can read Syncro as Who, and nothing else
	Who    identity.Technician // who typed it
	Rest   string              // what stands behind the command's name
	Now    time.Time           // where the person works

	Rules
	Known     func(ctx context.Context) Known                // asks Redis alone
	TicketURL func(id int64) string                          // a ticket in Syncro's web page
	Pending   func(ctx context.Context) ([]chat.Card, error) // the person's unsettled operations
	Record    func(ctx context.Context, l audit.Line) error  // puts what the person did on record
	colleague func(chatID string) string                     // the name of a technician of the same chat, as the configuration has it
	name      string                                         // of the command
	commands  []Command
	user      chat.User // who typed it, as the platform knows them
	links     Links
	timers    timers
	lists     lists
	readings  readings
	noticed   noticed
}

// Rules are how the shop works, from the configuration.
type Rules struct {
	CloseStatus     string // what a closed ticket becomes
	DefaultPriority string // of a new ticket
	Billing         Billing
	Logs            sessionlog.Folder
}

// Billing is how time is billed.
type Billing struct {
	Timers bool    // by a timer entry that is charged, not by a line item
	Omit   bool    // leave the rate to Syncro, do not send the product's
	Labor  []Labor // the kinds there are
}

// Labor is a kind of labor and the product it is billed as.
type Labor struct {
	Name      string
	ProductID int64

	// Prepaid is how it is billed to a customer with prepaid hours, which are
	// taken by the hour whatever the rate; nil: like to anybody.
	Prepaid *PrepaidLabor
}

// PrepaidLabor is another kind of labor, of which more hours are billed than
// were worked.
type PrepaidLabor struct {
	Labor string
	Times string // decimal, as "1.5"
}

// Result is what a command answers: cards, or a plan to be confirmed.
type Result struct {
	Cards   []chat.Card
	Plan    *confirm.Plan
	Choices []Choice      // buttons below the last card, each with a command behind it
	Ask     *Form         // what is asked instead, where it took a reading to know it
	beside  []Choice      // behind the buttons beside its tables' rows, in their order
	aside   bool          // what is pressed is answered below the card, which stays
	keep    time.Duration // how long the buttons work; 0: as long as a card may be confirmed

	// AtOnce sends a plan without a card to confirm, where a button of its
	// author's own card was pressed for just that: for what can be undone.
	AtOnce bool

	form      *chat.Form // Ask, or Command's, saved
	operation string     // whose card the last one is
}

// Form is a form of the command that returns it.
type Form struct {
	chat.Form
	About string // given back to Submit
}

// Choice is a button that runs a command line as if its person had typed it.
type Choice struct{ Label, Line string }

func card(c chat.Card, choices ...Choice) Result {
	return Result{Cards: []chat.Card{c}, Choices: choices}
}
