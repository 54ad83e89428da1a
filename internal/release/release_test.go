package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

func TestArchivesHaveTheFilesAndAreTheSameEachTime(t *testing.T) {
	t.Parallel()
	files := []file{{"bot", 0o755, []byte("program")}, {"man/bot.1", 0o644, []byte("manual")}}
	for _, zipped := range []bool{false, true} {
		one, err := pack("syncrobot_1", zipped, files)
		if err != nil {
			t.Fatal(err)
		}
		if two, err := pack("syncrobot_1", zipped, files); err != nil || !bytes.Equal(one, two) {
			t.Errorf("zip %v: two archives differ, %v", zipped, err)
		}
		var found []string
		if zipped {
			z, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range z.File {
				found = append(found, f.Name)
			}
		} else {
			g, err := gzip.NewReader(bytes.NewReader(one))
			if err != nil {
				t.Fatal(err)
			}
			for r := tar.NewReader(g); ; {
				h, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if h.Name == "syncrobot_1/bot" && h.Mode != 0o755 {
					t.Errorf("the program's mode is %o", h.Mode)
				}
				found = append(found, h.Name)
			}
		}
		if strings.Join(found, " ") != "syncrobot_1/bot syncrobot_1/man/bot.1" {
			t.Errorf("zip %v: %q", zipped, found)
		}
	}
}

// ownInfo is of the test's own program, a Go program like any other.
func ownInfo(t *testing.T) *buildinfo.BuildInfo {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestTheBillNamesWhatIsLinked(t *testing.T) {
	t.Parallel()
	info := ownInfo(t)
	list, err := bill(info, []byte("program"))
	if err != nil {
		t.Fatal(err)
	}
	var bom struct {
		Format     string `json:"bomFormat"`
		Components []struct{ Name, Version, Purl string }
	}
	if err := json.Unmarshal(list, &bom); err != nil || bom.Format != "CycloneDX" {
		t.Fatalf("%v: %s", err, list)
	}
	seen := map[string]string{}
	for _, c := range bom.Components {
		seen[c.Name] = c.Purl
	}
	const library = "github.com/CycloneDX/cyclonedx-go"
	if seen["std"] == "" || !strings.HasPrefix(seen[library], "pkg:golang/"+library+"@v") {
		t.Errorf("%s", list)
	}
	if again, err := bill(info, []byte("program")); err != nil || !bytes.Equal(list, again) {
		t.Error("two bills of one program differ")
	}
}

func TestLicencesOfAllThatIsLinked(t *testing.T) {
	t.Parallel()
	info := ownInfo(t)
	terms, err := licences(".", info)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{
		"Go " + info.GoVersion + "\n",
		"Copyright 2009 The Go Authors.",
		"github.com/CycloneDX/cyclonedx-go v",
		"TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
	} {
		if !bytes.Contains(terms, []byte(words)) {
			t.Errorf("%q is not in\n%s", words, terms)
		}
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":      "module one\nrequire bare v0.0.0\nreplace bare => ./bare\n",
		"bare/go.mod": "module bare\n",
	})
	info.Deps = []*debug.Module{{Path: "bare"}}
	if _, err := licences(dir, info); err == nil || !strings.Contains(err.Error(), "bare v0.0.0 has no licence") {
		t.Errorf("a module without a licence is handed out: %v", err)
	}
}

func TestWhoseTheCodeIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"go.mod":     "module example.com/tiny\nrequire example.com/tiny/own.v2 v0.0.0\nreplace example.com/tiny/own.v2 => ./own\n",
		"main.go":    "package main\n\nimport \"example.com/tiny/own.v2\"\n\nfunc main() { println(own.Sum([]int{1})) }\n",
		"own/go.mod": "module example.com/tiny/own.v2\n",
		"own/own.go": "package own\n\n//go:noinline\nfunc Sum(all []int) (s int) {\n\tfor _, n := range all {\n\t\ts += n\n\t}\n\treturn s\n}\n",
	})
	c := exec.CommandContext(t.Context(), "go", "build", "-o", "tiny", ".")
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOFLAGS=-buildvcs=false")
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	program, err := elf.Open(filepath.Join(dir, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	info, err := buildinfo.ReadFile(filepath.Join(dir, "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	of, all, err := codeOf(program, info)
	if err != nil {
		t.Fatal(err)
	}
	main, own, std := of["example.com/tiny"], of["example.com/tiny/own.v2"], of["std"]
	if main == 0 || own == 0 || std < 100<<10 || main+own+std != all {
		t.Errorf("%v of %d", of, all)
	}
}

// write writes files below dir.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSumsAreReadBySha256sum(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	for _, name := range []string{"b.zip", "a.tar.gz"} {
		if err := os.WriteFile(filepath.Join(out, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := sums(out); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", "SHA256SUMS")
	c.Dir = out
	if said, err := c.CombinedOutput(); err != nil || strings.Count(string(said), ": OK") != 2 {
		t.Errorf("%v: %s", err, said)
	}
}
