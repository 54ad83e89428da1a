// Command release makes what is handed out of a version: for each platform an
// archive with the program, its manual and its completions, the licences of
// what is in it, docs/ and deploy/; the list of what it is made of
// (CycloneDX); and SHA256SUMS. The same commit makes the same
// bytes, wherever and whenever: "go run ./internal/release -check" tries it.
package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// targets are the platforms, as GOOS/GOARCH.
func targets() []string {
	return []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}
}

func main() {
	out := flag.String("out", "dist", "the folder to write, which is emptied first")
	only := flag.String("only", "", "one platform, as linux/amd64; default: all")
	check := flag.Bool("check", false, "build this machine's platform twice, in other folders and with other caches, and compare")
	made := flag.Bool("sizes", false, "print what the program's size is made of")
	flag.Parse()
	var err error
	switch {
	case *made:
		err = sizes(os.Stdout)
	case *check:
		err = compare()
	default:
		err = run(*out, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(out, only string) error {
	all := targets()
	if only != "" {
		if !slices.Contains(all, only) {
			return fmt.Errorf("%s is none of %s", only, strings.Join(all, ", "))
		}
		all = []string{only}
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	return release(work, out, all, os.Environ())
}

// release makes the archives of the commit that is checked out, in a clone
// below work: what lies about in the folder, or is edited meanwhile, is in
// none of them.
func release(work, out string, all, env []string) error {
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	dir := filepath.Join(work, "source")
	if _, err := output(".", "git", "clone", "--quiet", ".", dir); err != nil {
		return err
	}
	// Manual and completions are the same everywhere: this machine's program
	// writes them.
	host := filepath.Join(work, "host")
	if err := build(dir, host, runtime.GOOS+"/"+runtime.GOARCH, env, stripped); err != nil {
		return err
	}
	common, err := papers(dir, host)
	if err != nil {
		return err
	}
	for _, target := range all {
		name := "bot"
		if strings.HasPrefix(target, "windows/") {
			name += ".exe"
		}
		program := filepath.Join(work, strings.ReplaceAll(target, "/", "-")+"-"+name)
		if err := build(dir, program, target, env, stripped); err != nil {
			return err
		}
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(program)
		if err != nil {
			return err
		}
		list, err := bill(info, data)
		if err != nil {
			return err
		}
		stem := "syncrobot_" + strings.TrimPrefix(info.Main.Version, "v") + "_" + strings.ReplaceAll(target, "/", "_")
		terms, err := licences(dir, info)
		if err != nil {
			return err
		}
		files := append([]file{{name, 0o755, data}, {"LICENCES.txt", 0o644, terms}}, common...)
		archive, err := pack(stem, strings.HasPrefix(target, "windows/"), files)
		if err != nil {
			return err
		}
		for suffix, data := range map[string][]byte{extension(target): archive, ".cdx.json": list} {
			if err := os.WriteFile(filepath.Join(out, stem+suffix), data, 0o644); err != nil {
				return err
			}
		}
		fmt.Printf("%s  %.1f MiB, packed %.1f MiB\n", stem, float64(len(data))/(1<<20), float64(len(archive))/(1<<20))
	}
	return sums(out)
}

func extension(target string) string {
	if strings.HasPrefix(target, "windows/") {
		return ".zip"
	}
	return ".tar.gz"
}

// stripped has the linker leave out the tables of a debugger.
const stripped = "-s -w"

// build builds the program: static, without paths of this machine. Go itself
// stamps the version and the commit.
func build(dir, program, target string, env []string, ldflags string) error {
	system, machine, _ := strings.Cut(target, "/")
	c := exec.Command("go", "build", "-trimpath", "-buildvcs=true", "-ldflags", ldflags, "-o", program, "./cmd/bot")
	c.Dir = dir
	c.Env = append(slices.Clone(env), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+machine, "GOFLAGS=")
	if said, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", target, err, said)
	}
	return nil
}

// papers are what lies in every archive beside the program.
func papers(dir, program string) ([]file, error) {
	var files []file
	for _, p := range []struct {
		name string
		args []string
	}{
		{"completions/bot.bash", []string{"completion", "bash"}},
		{"completions/_bot", []string{"completion", "zsh"}},
		{"completions/bot.fish", []string{"completion", "fish"}},
		{"completions/bot.ps1", []string{"completion", "powershell"}},
		{"bot.example.yaml", []string{"config", "example"}},
	} {
		said, err := output(dir, program, p.args...)
		if err != nil {
			return nil, err
		}
		files = append(files, file{p.name, 0o644, []byte(said + "\n")})
	}
	man, err := os.MkdirTemp("", "man-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(man)
	if _, err := output(dir, program, "man", man); err != nil {
		return nil, err
	}
	pages, err := os.ReadDir(man) // sorted
	if err != nil {
		return nil, err
	}
	for _, p := range pages {
		page, err := os.ReadFile(filepath.Join(man, p.Name()))
		if err != nil {
			return nil, err
		}
		files = append(files, file{"man/" + p.Name(), 0o644, page})
	}
	// Not what builds from the source.
	named, err := output(dir, "git", "ls-files", "README.md", "docs", "deploy", ":!deploy/check", ":!deploy/Dockerfile", ":!deploy/compose.yaml")
	if err != nil {
		return nil, err
	}
	for name := range strings.Lines(named) {
		name = strings.TrimSpace(name)
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file{name, 0o644, data})
	}
	return files, nil
}

// sums writes SHA256SUMS, as sha256sum --check reads it.
func sums(out string) error {
	entries, err := os.ReadDir(out) // sorted
	if err != nil {
		return err
	}
	var b bytes.Buffer
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(out, e.Name()))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		fmt.Fprintf(&b, "%s  %s\n", hex.EncodeToString(sum[:]), e.Name())
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), b.Bytes(), 0o644)
}

// compare releases the commit that is checked out twice, and compares.
func compare() error {
	work, err := os.MkdirTemp("", "release-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	target := runtime.GOOS + "/" + runtime.GOARCH
	var found [2][]byte
	for i, name := range []string{"one", "quite/another"} {
		env := os.Environ()
		if i == 1 {
			env = append(env, "GOCACHE="+filepath.Join(work, "cache")) // nothing is taken from the first
		}
		out := filepath.Join(work, fmt.Sprint("out", i))
		if err := release(filepath.Join(work, name), out, []string{target}, env); err != nil {
			return err
		}
		if found[i], err = os.ReadFile(filepath.Join(out, "SHA256SUMS")); err != nil {
			return err
		}
	}
	if !bytes.Equal(found[0], found[1]) {
		return fmt.Errorf("two builds differ:\n%s\n%s", found[0], found[1])
	}
	fmt.Printf("two builds are the same:\n%s", found[0])
	return nil
}
