package shop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Serving is the log message with which a server says where it listens.
const Serving = "serving"

// Build builds the bot into dir and returns its path. overlay is go build's
// -overlay, empty for none.
func Build(ctx context.Context, dir, overlay string) (program string, err error) {
	program = filepath.Join(dir, "bot")
	args := []string{"build", "-o", program}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	build := exec.CommandContext(ctx, "go", append(args, "github.com/syncrobot/syncrobot/cmd/bot")...)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build the bot: %w", err)
	}
	return program, nil
}

// Process is a server that runs on its own: it can be killed, and the kernel
// counts its CPU time and memory apart from ours.
type Process struct {
	Listen   string       // host:port
	Admin    string       // host:port; of the bot alone
	Troubles atomic.Int64 // lines of its log that are warnings or errors
	Ended    chan struct{}

	cmd     *exec.Cmd
	started time.Time
	log     io.Writer
}

// Start runs a server and returns when it has said where it listens. Its log
// goes to log; where that is nil, its first troubles to standard error.
func Start(ctx context.Context, log io.Writer, program string, arguments ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(program, arguments...), Ended: make(chan struct{}), log: log}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	heard := make(chan bool, 1)
	go p.listenTo(stderr, heard)
	select {
	case ok := <-heard:
		if !ok {
			return nil, fmt.Errorf("%s ended at its start", program)
		}
		return p, nil
	case <-ctx.Done():
		p.End()
		return nil, ctx.Err()
	}
}

// listenTo reads a server's log to its end. heard is told whether the server
// came to serve.
func (p *Process) listenTo(log io.Reader, heard chan<- bool) {
	defer close(p.Ended)
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if p.log != nil {
			fmt.Fprintln(p.log, lines.Text())
		}
		var line struct{ Level, Msg, Listen, Admin string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			if p.log == nil {
				fmt.Fprintln(os.Stderr, lines.Text())
			}
			continue
		}
		switch {
		case line.Msg == Serving:
			p.Listen, p.Admin = line.Listen, line.Admin
			heard <- true
		case line.Level == "WARN" || line.Level == "ERROR":
			if p.Troubles.Add(1) <= 3 && p.log == nil {
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
	}
	p.cmd.Wait()
	select {
	case heard <- false:
	default:
	}
}

// End stops the server: politely, and after ten seconds for certain.
func (p *Process) End() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.Ended:
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-p.Ended
	}
}

// Kill ends the server at once, as kill -9 does.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.Ended
}

// Ready waits for the bot's /readyz and returns how long it took from the
// start of the process.
func (p *Process) Ready(ctx context.Context) (time.Duration, error) {
	for {
		resp, err := http.Get("http://" + p.Admin + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(p.started), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-p.Ended:
			return 0, errors.New("the bot ended before it was ready")
		case <-time.After(time.Millisecond):
		}
	}
}

// tick is the unit of CPU time in /proc, for programs always 1/100 s (proc(5)).
const tick = 10 * time.Millisecond

// CPU is the CPU time of all the process's threads up to now, in user and in
// kernel mode.
func (p *Process) CPU() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in (), may have anything in it. utime and stime are the 14th
	// and the 15th field, the 12th and 13th behind it.
	fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is not as expected")
	}
	user, errUser := strconv.ParseInt(fields[11], 10, 64)
	kernel, errKernel := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+kernel) * tick, errors.Join(errUser, errKernel)
}

// Memory is a process's resident memory in KiB. File is the program itself,
// as far as its pages were touched: the kernel can drop and read them again.
type Memory struct{ All, Peak, Own, File int64 }

func (p *Process) Memory() (Memory, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return Memory{}, err
	}
	var m Memory
	for field, to := range map[string]*int64{"VmRSS": &m.All, "VmHWM": &m.Peak, "RssAnon": &m.Own, "RssFile": &m.File} {
		_, rest, ok := strings.Cut(string(b), "\n"+field+":")
		if !ok {
			return Memory{}, fmt.Errorf("/proc/PID/status has no %s", field)
		}
		if *to, err = strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err != nil {
			return Memory{}, err
		}
	}
	return m, nil
}

// Goroutines is what the bot's /metrics says.
func (p *Process) Goroutines() (int, error) {
	resp, err := http.Get("http://" + p.Admin + "/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if n, ok := strings.CutPrefix(lines.Text(), "go_goroutines "); ok {
			return strconv.Atoi(n)
		}
	}
	return 0, errors.Join(errors.New("/metrics has no go_goroutines"), lines.Err())
}
