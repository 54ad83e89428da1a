package sessionlog

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/syncro"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ticket() syncro.Ticket {
	return syncro.Ticket{
		Number: 32164, Subject: "VPN drops every hour", Customer: "Harbor Dental", CustomerID: 7, Contact: "Amy Cole", Status: "Resolved",
		Technician: "Dana Ruiz", Created: noon,
		Comments: []syncro.Comment{
			{Subject: "Resolution", Body: "Rekey interval fixed.", Tech: "Dana Ruiz", Created: noon},
			{Subject: "Customer Reply", Body: "the password: hunter2hunter2\n```\n# not a heading", FromCustomer: true, Created: noon},
		},
		LineItems: []syncro.LineItem{{Name: "Labor - Remote Business", Quantity: "0.5", Price: "150.00"}},
	}
}

func TestADraftHasWhatWasDoneAndNoSecret(t *testing.T) {
	t.Parallel()
	d := New(ticket(), "Dana Ruiz", noon)
	if d.Path != "clients/harbor-dental/session-logs/2026-11-23-32164-vpn-drops-every-hour.md" {
		t.Errorf("path %q", d.Path)
	}
	for _, want := range []string{"VPN drops every hour", "## Resolution", "Rekey interval fixed.", "0.5 × Labor - Remote Business", "password: [masked]"} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("no %q in:\n%s", want, d.Text)
		}
	}
	secret := ticket()
	secret.Subject = "Amy's password: Hunter2Hunter2"
	if named := New(secret, "Dana Ruiz", noon); strings.Contains(strings.ToLower(named.Path), "hunter2") {
		t.Errorf("path %q", named.Path)
	}
	if strings.Contains(d.Text, "hunter2") || d.Masked != 1 {
		t.Errorf("masked %d:\n%s", d.Masked, d.Text)
	}
	// The customer's fence must not end the block that it stands in.
	if !strings.Contains(d.Text, "````") {
		t.Errorf("a fence of the customer's is live:\n%s", d.Text)
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Harbor Dental": "harbor-dental", "../../etc/passwd": "etc-passwd", "": "instead", "🦷": "instead", "CON": "con-",
		" A & B, Ltd. ": "a-b-ltd", strings.Repeat("x", 500): strings.Repeat("x", maxSlug), "a\x00b": "a-b", "..": "instead",
	} {
		if got := slug(text, "instead"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Password is Tr0ub4dor&3 ok":                              "Password is [masked] ok",
		"Password is: Tr0ub4dor":                                  "Password is: [masked]",
		"pass: abc":                                               "pass: [masked]",
		"Passwords: abc":                                          "Passwords: [masked]",
		"Password:\nabc\nnext":                                    "Password:\n[masked]\nnext",
		"password - hunter2 ok":                                   "password - [masked] ok",
		"reset the password - done":                               "reset the password - done",
		"password = \"two words\" ok":                             "password = \"[masked]\" ok",
		"password: “two words” ok":                                "password: “[masked]” ok",
		"password: Tr0,hunter2 ok":                                "password: [masked] ok",
		"key T1234ab-0123456789abcdef0123 ok":                     "key [masked] ok",
		"the pass, then":                                          "the pass, then",
		"pw=abc123":                                               "pw=[masked]",
		"api_key: \"T-1234567890\"":                               "api_key: \"[masked]\"",
		"https://dana:s3cret@host.example/":                       "https://dana:[masked]@host.example/",
		"Authorization: Bearer abcdefgh.ijkl":                     "Authorization: Bearer [masked]",
		"xoxb-123456789012-abcdef":                                "[masked]",
		"-----BEGIN RSA PRIVATE KEY-----\nAAA\nBBB":               "[masked]",
		"111111-222222-333333-444444-555555-666666-777777-888888": "[masked]",
		"the token expired":                                       "the token expired",
		"reset the password now":                                  "reset the password now",
		"ticket 32164":                                            "ticket 32164",
	} {
		if got, _ := mask(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	f := Folder{Dir: t.TempDir()}
	d := New(ticket(), "Dana Ruiz", noon)
	name, written, err := f.Write(t.Context(), d)
	if err != nil || !written || name != d.Path {
		t.Fatalf("%q, %t, %v", name, written, err)
	}
	if _, written, err := f.Write(t.Context(), d); err != nil || written {
		t.Errorf("the same text again: %t, %v", written, err)
	}
	other := d
	other.Text += "more"
	name, written, err = f.Write(t.Context(), other)
	if err != nil || !written || !strings.HasSuffix(name, "-2.md") {
		t.Errorf("another text: %q, %t, %v", name, written, err)
	}
	if text, err := os.ReadFile(filepath.Join(f.Dir, d.Path)); err != nil || string(text) != d.Text {
		t.Errorf("the first file changed: %v", err)
	}
	// What customers wrote is nobody's business who only has an account on the
	// machine.
	for _, at := range []string{d.Path, filepath.Dir(d.Path), "clients"} {
		if info, err := os.Stat(filepath.Join(f.Dir, at)); err != nil || info.Mode().Perm()&0o007 != 0 {
			t.Errorf("%s: %v, %v", at, info.Mode(), err)
		}
	}
}

func TestALinkDoesNotLeadOutOfTheFolder(t *testing.T) {
	t.Parallel()
	f := Folder{Dir: t.TempDir()}
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(f.Dir, "clients")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.Write(t.Context(), New(ticket(), "Dana Ruiz", noon)); err == nil {
		t.Error("written through a link")
	}
	if left, _ := os.ReadDir(outside); len(left) != 0 {
		t.Errorf("outside has %v now", left)
	}
}

func TestCommitted(t *testing.T) {
	t.Parallel()
	f := Folder{Dir: t.TempDir(), Git: true}
	for _, args := range [][]string{{"init", "--quiet"}, {"config", "user.email", "bot@shop.example"}, {"config", "user.name", "bot"}} {
		if out, err := exec.Command("git", append([]string{"-C", f.Dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	name, _, err := f.Write(t.Context(), New(ticket(), "Dana Ruiz", noon))
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", f.Dir}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	if out := git("show", "--name-only", "--format=%s"); !strings.Contains(out, name) || !strings.HasPrefix(out, "Session log ") {
		t.Error(out)
	}

	// Several at once, each its own commit.
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() {
			k := ticket()
			k.Number = 40000 + int64(n)
			if _, _, err := f.Write(t.Context(), New(k, "Dana Ruiz", noon)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := strings.Count(git("log", "--format=%s"), "Session log"); n != 7 {
		t.Errorf("%d commits", n)
	}

	// One that was written and could not be committed is, when it is written again.
	k := ticket()
	k.Number = 50000
	d := New(k, "Dana Ruiz", noon)
	lock := filepath.Join(f.Dir, ".git", "index.lock")
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, written, err := f.Write(short, d); !written || err == nil || !strings.Contains(err.Error(), "written and not committed") {
		t.Errorf("beside another git: %t, %v", written, err)
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if _, written, err := f.Write(t.Context(), d); written || err != nil {
		t.Errorf("again: %t, %v", written, err)
	}
	if err := os.WriteFile(filepath.Join(f.Dir, ".git", "info", "exclude"), []byte("*-60000-*\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.Number = 60000
	if _, _, err := f.Write(t.Context(), New(k, "Dana Ruiz", noon)); err == nil || !strings.Contains(err.Error(), "written and not committed") {
		t.Errorf("what git ignores: %v", err)
	}
	if left := git("status", "--porcelain", "--untracked-files=all"); left != "" {
		t.Errorf("not committed: %s", left)
	}
}
