package identity

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"github.com/syncrobot/syncrobot/syncro"
)

// The age key that opens the tests' vaults is given to SOPS as an operator
// would, in a file that its environment names. With TEST_OPEN_VAULT this is
// the process that TestMissingAgeKeysAreToldByName starts.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TEST_OPEN_VAULT"); dir != "" {
		_, err := Vault{Dir: dir, UserEntry: "msp-tools/syncro-{name}.sops.yaml"}.Open("dana")
		fmt.Println("answer:", err)
		os.Exit(0)
	}
	os.Exit(func() int {
		home, err := os.MkdirTemp("", "identity")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(home)
		key, err := age.GenerateX25519Identity()
		if err != nil {
			panic(err)
		}
		file := filepath.Join(home, "keys.txt")
		if err := os.WriteFile(file, []byte(key.String()+"\n"), 0o600); err != nil {
			panic(err)
		}
		for name, value := range map[string]string{
			"HOME": home, "XDG_CONFIG_HOME": home, "SOPS_AGE_KEY_FILE": file, "TEST_RECIPIENT": key.Recipient().String(),
		} {
			if err := os.Setenv(name, value); err != nil {
				panic(err)
			}
		}
		return m.Run()
	}())
}

const (
	danaKey   = "c4n4ry-dana-0123456789"
	robKey    = "c4n4ry-rob-0123456789"
	sharedKey = "c4n4ry-shared-0123456789"
)

var (
	dana = syncro.Me{UserID: 4101, Name: "Dana Ruiz"}
	rob  = syncro.Me{UserID: 4107, Name: "Rob Ames"}
	boss = syncro.Me{UserID: 4100, Name: "Kim Lund"}
)

// newVault is an empty vault whose entries are encrypted to the tests' key.
func newVault(t testing.TB) Vault {
	t.Helper()
	v := Vault{
		Dir:         filepath.Join(t.TempDir(), "vault"),
		UserEntry:   "msp-tools/syncro-{name}.sops.yaml",
		SharedEntry: "msp-tools/syncro.sops.yaml",
	}
	if err := os.Mkdir(v.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	rule(t, v, os.Getenv("TEST_RECIPIENT"), "encrypted_regex: ^(credentials|notes)$")
	return v
}

// rule writes the vault's .sops.yaml.
func rule(t testing.TB, v Vault, recipient, more string) {
	t.Helper()
	text := fmt.Sprintf("creation_rules:\n  - path_regex: \\.sops\\.yaml$\n    age: %s\n    %s\n", recipient, more)
	if err := os.WriteFile(filepath.Join(v.Dir, ".sops.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func stranger(t testing.TB) string {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key.Recipient().String()
}

// add puts a technician's entry into the vault, replacing an older one.
func add(t testing.TB, v Vault, name, key string, me syncro.Me) string {
	t.Helper()
	file, err := v.AddEntry(t.Context(), name, key, me, true)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// seal writes an entry of any content.
func seal(t testing.TB, v Vault, path, plain string) {
	t.Helper()
	file := filepath.Join(v.Dir, path)
	sealed, err := encrypt(file, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	if err := place(file, sealed, true); err != nil {
		t.Fatal(err)
	}
}

// edit changes a file as somebody without SOPS would.
func edit(t testing.TB, file string, change func(string) string) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after := change(string(before))
	if after == string(before) {
		t.Fatalf("nothing to change in %s", before)
	}
	if err := os.WriteFile(file, []byte(after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// asked is a Syncro that knows whose key is whose.
type asked struct {
	mu    sync.Mutex
	me    map[syncro.Key]syncro.Me
	fails error
	count int
	hold  chan struct{} // where not nil, an answer waits for it
}

func newAsked() *asked {
	return &asked{me: map[syncro.Key]syncro.Me{
		syncro.NewKey(danaKey): dana, syncro.NewKey(robKey): rob, syncro.NewKey(sharedKey): boss,
	}}
}

func (a *asked) Me(ctx context.Context, key syncro.Key) (syncro.Me, error) {
	a.mu.Lock()
	a.count++
	hold, fails, me := a.hold, a.fails, a.me[key]
	a.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if fails != nil {
		return syncro.Me{}, fails
	}
	return me, nil
}

func (a *asked) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fails = err
}

func (a *asked) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// journal is a log that a test reads.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

var people = []Person{
	{Name: "dana", Users: []string{"slack/T0001/U0001", "teams/tenant/dana"}},
	{Name: "rob", Users: []string{"slack/T0001/U0002"}},
}

func newDirectory(t testing.TB, v Vault, policy Policy, a *asked) (*Directory, *journal) {
	t.Helper()
	j := &journal{}
	d, err := New(Options{Vault: v, SharedKey: policy, People: people, Me: a.Me, Log: j.logger()})
	if err != nil {
		t.Fatal(err)
	}
	return d, j
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
