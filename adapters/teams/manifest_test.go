package teams

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/chat"
)

// menu is one of n commands, the last of which is help, and n shortcuts.
func menu(n int) chat.Menu {
	var m chat.Menu
	for i := range n {
		name := fmt.Sprintf("do%d", i)
		if i == n-1 {
			name = "help"
		}
		m.Commands = append(m.Commands, chat.MenuItem{Name: name, Label: name + " <ticket>", About: "Does it"})
		m.Shortcuts = append(m.Shortcuts, chat.MenuItem{Name: name, Label: "Do it " + name, About: "Does it to this message"})
	}
	return m
}

func options(n int) PackageOptions {
	return PackageOptions{AppID: "33333333-3333-3333-3333-333333333333", Version: "1.2.3", PublicURL: "https://bot.example.com", Menu: menu(n)}
}

// unpacked is a package's files.
func unpacked(t *testing.T, app []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(app), int64(len(app)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		if f.Modified.Year() != 1980 { // the first that zip knows
			t.Errorf("%s is of %v", f.Name, f.Modified)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// offer is the part of a manifest that follows from the menu.
type offer struct {
	Version string
	Bots    []struct {
		BotID string
		Lists []struct {
			Commands []struct{ Title, Description string }
		} `json:"commandLists"`
	}
	Extensions []struct {
		Commands []struct {
			ID, Type, Title, Description string
			FetchTask                    bool
			Context                      []string
		}
	} `json:"composeExtensions"`
}

// offered is what a package offers of a menu of n.
func offered(t *testing.T, o PackageOptions) offer {
	t.Helper()
	app, err := Package(o)
	if err != nil {
		t.Fatal(err)
	}
	var m offer
	if err := json.Unmarshal(unpacked(t, app)["manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPackageOffersTheMenu(t *testing.T) {
	t.Parallel()
	m := offered(t, options(3))
	if m.Version != "1.2.3" || m.Bots[0].BotID != options(0).AppID {
		t.Errorf("%+v", m)
	}
	commands := m.Bots[0].Lists[0].Commands
	if len(commands) != 3 || commands[1].Title != "do1" || commands[1].Description != "do1 <ticket>: Does it" {
		t.Errorf("%+v", commands)
	}
	actions := m.Extensions[0].Commands
	if len(actions) != 3 || actions[0].ID != "do0" || actions[0].Type != "action" || !actions[0].FetchTask || actions[0].Context[0] != "message" {
		t.Errorf("%+v", actions)
	}
}

func TestPackageStaysWithinTeamsLimits(t *testing.T) {
	t.Parallel()
	o := options(10)
	o.Menu.Commands = menu(14).Commands
	for i := range o.Menu.Shortcuts {
		o.Menu.Shortcuts[i].Label, o.Menu.Shortcuts[i].About = strings.Repeat("é", 100), strings.Repeat("é", 400)
	}
	m := offered(t, o)
	commands := m.Bots[0].Lists[0].Commands
	if len(commands) != 10 || commands[8].Title != "do8" || commands[9].Title != "help" {
		t.Errorf("%+v", commands)
	}
	for _, c := range m.Extensions[0].Commands {
		if len([]rune(c.Title)) != 32 || len([]rune(c.Description)) != 128 {
			t.Errorf("%+v", c)
		}
	}
	for name, change := range map[string]func(*PackageOptions){
		"no address":       func(o *PackageOptions) { o.PublicURL = "" },
		"no version":       func(o *PackageOptions) { o.Version = "" },
		"an odd version":   func(o *PackageOptions) { o.Version = "v1.2" },
		"eleven shortcuts": func(o *PackageOptions) { o.Menu = menu(11) },
	} {
		o := options(1)
		change(&o)
		if _, err := Package(o); err == nil {
			t.Errorf("%s: a package", name)
		}
	}
}

func TestPackageIsTheSameBytesEachTime(t *testing.T) {
	t.Parallel()
	one, err := Package(options(3))
	if err != nil {
		t.Fatal(err)
	}
	if two, err := Package(options(3)); err != nil || !bytes.Equal(one, two) {
		t.Errorf("%v, %d and %d bytes", err, len(one), len(two))
	}
}

// No schema looks at the pictures; Teams does when the package is uploaded.
func TestIconsAreAsTeamsWantsThem(t *testing.T) {
	t.Parallel()
	app, err := Package(options(1))
	if err != nil {
		t.Fatal(err)
	}
	files := unpacked(t, app)
	read := func(name string, size int) image.Image {
		img, err := png.Decode(bytes.NewReader(files[name]))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != size || b.Dy() != size {
			t.Errorf("%s is %v", name, b)
		}
		return img
	}
	colour, outline := read("color.png", 192), read("outline.png", 32)
	if r, g, b, a := colour.At(0, 0).RGBA(); [4]uint32{r >> 8, g >> 8, b >> 8, a >> 8} != [4]uint32{0x17, 0x39, 0x5c, 255} {
		t.Errorf("the corner is %x %x %x %x", r, g, b, a)
	}
	drawn := 0
	for y := range 32 {
		for x := range 32 {
			r, g, b, a := outline.At(x, y).RGBA()
			if r != a || g != a || b != a { // white, whatever shines through
				t.Fatalf("at %d,%d it is %x %x %x %x", x, y, r, g, b, a)
			}
			if a == 0xffff {
				drawn++
			}
		}
	}
	if _, _, _, a := outline.At(0, 0).RGBA(); a != 0 || drawn < 40 || drawn > 32*32/2 {
		t.Errorf("the corner's alpha is %x, %d pixels are drawn", a, drawn)
	}
}
