package main

import (
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// sizes builds the program for Linux, with its symbols, and prints what its
// sections take and whose code it is.
func sizes(w io.Writer) error {
	work, err := os.MkdirTemp("", "release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	name := filepath.Join(work, "bot")
	if err := build(".", name, "linux/"+runtime.GOARCH, os.Environ(), ""); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(name)
	if err != nil {
		return err
	}
	program, err := elf.Open(name)
	if err != nil {
		return err
	}
	defer program.Close()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range program.Sections {
		if s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOBITS && s.Size > 1<<18 {
			fmt.Fprintf(table, "%s\t%.1f MiB\t\n", s.Name, mib(s.Size))
		}
	}
	code, all, err := codeOf(program, info)
	if err != nil {
		return err
	}
	for _, module := range slices.SortedFunc(maps.Keys(code), func(a, b string) int { return cmp.Compare(code[b], code[a]) }) {
		if share := float64(code[module]) / float64(all) * 100; share >= 0.5 {
			fmt.Fprintf(table, "%s\t%.2f MiB\t%.1f %%\t\n", module, mib(code[module]), share)
		}
	}
	return table.Flush()
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// codeOf is how many bytes of machine code each module has in a program; std
// is Go's own. A symbol is its package's path, a dot, and what Go calls it
// there; dots in the path's last element are written %2e.
func codeOf(program *elf.File, info *buildinfo.BuildInfo) (of map[string]uint64, all uint64, err error) {
	symbols, err := program.Symbols()
	if err != nil {
		return nil, 0, err
	}
	modules := []string{info.Main.Path}
	for _, m := range info.Deps {
		modules = append(modules, m.Path)
	}
	// The longest that fits is the module: one may lie in another's folder.
	slices.SortFunc(modules, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	of = map[string]uint64{}
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC {
			continue
		}
		name := strings.TrimPrefix(strings.TrimPrefix(strings.ReplaceAll(s.Name, "%2e", "."), "type:.eq."), "go:")
		if strings.HasPrefix(name, "main.") {
			name = info.Main.Path + "/" + name
		}
		module := "std"
		for _, path := range modules {
			if rest, ok := strings.CutPrefix(name, path); ok && (rest[0] == '/' || rest[0] == '.') {
				module = path
				break
			}
		}
		of[module] += s.Size
		all += s.Size
	}
	return of, all, nil
}
