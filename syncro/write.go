package syncro

// BasePath is where Syncro's API is below the account's address.
const BasePath = "/api/v1"

// Write is one change to Syncro, described and not done. It is a plain struct
// with JSON fields that survives being stored, and it cannot send itself:
// only Client.Send can, and only the engine in package confirm calls that.
type Write interface {
	// Kind is the stable name under which the write is stored.
	Kind() string
	// Line is what a card says about it.
	Line() Line
	// Request is exactly what is sent.
	Request() Request
	// Evidence is how to see, by reading, whether it happened.
	Evidence(by Author) Evidence
	// Made checks a 2xx answer's body: it must have the documented shape and
	// echo what was sent. It returns the id of the record that was made, or
	// of the record that was changed.
	Made(body []byte) (int64, error)
}

// Request is an HTTP request to Syncro's API.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"` // below BasePath, as "/tickets/12/comment"
	Body   any    `json:"body,omitempty"`
}

// Line is a Write in words, all of it literal text.
type Line struct {
	Text     string // "Status: In Progress → Resolved"
	Audience string // "CUSTOMER WILL SEE THIS · E-MAIL to amy@harbordental.example"; empty where nobody is told
	Quoted   string // the text that is sent; empty where there is none
}

// Author is the person as whom Syncro logs a write: the owner of the key.
type Author struct {
	UserID int64
	Name   string
}

// Effect is what a Write does to what its Evidence shows.
type Effect int

// The effects.
const (
	// Adds: happened when exactly one more entry is ours than before.
	Adds Effect = iota
	// Sets: happened when it is so; where it is so already nothing is sent.
	Sets
	// Removes: happened when none of ours is left; where none is there
	// nothing is sent.
	Removes
)

// Evidence is a GET that shows whether a Write happened.
type Evidence struct {
	Path   string // below BasePath
	Effect Effect
	// Read finds the write in the answer's body.
	Read func(body []byte) (Sight, error)
	// Missing is what a 404 shows; nil where a 404 is an error like any other.
	Missing *Sight
}

// Checked is a Write whose 2xx is not enough: what it made is looked at before
// the next step, and must be as it should be (an invoice holds exactly the
// lines it is for; a deleted one is gone, though Syncro answers 200 in any case).
type Checked interface {
	Write
	// Check is the look, with the effect Sets or Removes, at the record with
	// the id that Made returned.
	Check(id int64) Evidence
}

// Guarded is a Write with a condition of its own, looked at directly before it
// is sent.
type Guarded interface {
	Write
	// Guard is the look, with the effect Sets; nil where there is no
	// condition. Where it is not so nothing is sent, and the Sight's Why says
	// what is missing.
	Guard() *Evidence
}

// Bound is a Write that needs an id that an earlier step of its operation makes.
type Bound interface {
	Write
	// Bind fills it in. made has the ids of the steps before, in their order,
	// 0 where there is none yet.
	Bind(made []int64) Write
}

// Sight is what an Evidence shows at one time. For Adds, All has the ids of
// every entry of the kind, Ours those that are like what is to be written
// (same author, subject, flags and normalised text), Near those so like it
// that only a person can tell. For Sets only IsSet counts, and Why may say in
// words what is there instead. For Removes Ours has what is left.
type Sight struct {
	All   []int64 `json:"all,omitempty"`
	Ours  []int64 `json:"ours,omitempty"`
	Near  []int64 `json:"near,omitempty"`
	IsSet bool    `json:"is_set,omitempty"`
	Why   string  `json:"why,omitempty"`
}

// Named is a Write whose answer has a name that people use for the record.
type Named interface {
	Write
	// Name is "#32172" or "invoice #67501", empty where body does not say.
	Name(body []byte) string
	// At is where the record with an id is read, below BasePath: its answer is
	// a body for Name, too.
	At(id int64) string
}

// Signed is a Write whose answer says as whom Syncro logged it.
type Signed interface {
	Write
	// SignedBy is that Syncro user; 0 where body does not say.
	SignedBy(body []byte) int64
}

// Noted is a Write whose answer tells something that its author should know
// besides that it happened.
type Noted interface {
	Write
	// Note is that in words, for a card; body is the answer, or what its
	// Evidence's path shows after it. Empty where there is nothing to tell.
	Note(body []byte) string
}

// Fitting is a Write that follows from what is on its ticket. What is there is
// compared once more before it is sent, where the last look is not a moment ago.
type Fitting interface {
	Write
	// Misfit says in words what the ticket has that the write does not
	// expect; empty where it fits.
	Misfit(t Ticket) string
}

// Result is how a Send ended.
type Result int

// The results.
const (
	// Unknown: it may have happened or not: time-out, cut connection, 408,
	// 5xx, a redirect, or a 2xx that is not the JSON it should be.
	Unknown Result = iota
	// Applied: a 2xx, read whole and of the right shape.
	Applied
	// Refused: it did not happen: a 4xx other than 408, or it never left
	// this machine.
	Refused
)

func (r Result) String() string { return [...]string{"unknown", "applied", "refused"}[r] }

// Outcome is what became of a Send. ID is the record made or changed when
// Applied, Name what people call it, where the write is Named, By as whom it was
// logged, where it is Signed, and Note what else it tells, where it is Noted; Err
// says why otherwise. Other is, when
// Unknown, the record that the answer names though it is not as it was sent; 0
// where it names none. Status is the answer's HTTP status, 0 where there was none.
type Outcome struct {
	Result Result
	ID     int64
	Other  int64
	Name   string
	By     int64
	Status int
	Note   string
	Err    error
}

// Leaving is a request that is about to be sent, for the record of who did
// what.
type Leaving struct {
	Method string
	Path   string // below BasePath, without a query
	SHA256 string // of the exact bytes of the body, lower-case hex; empty where there is no body
}
