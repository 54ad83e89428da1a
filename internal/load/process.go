package main

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
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// serving is the log message with which a server says where it listens.
const serving = "serving"

// process is a server that runs on its own, so that the kernel counts its
// CPU time and memory apart from ours.
type process struct {
	cmd      *exec.Cmd
	started  time.Time
	listen   string       // host:port
	admin    string       // host:port; of the bot alone
	troubles atomic.Int64 // lines of its log that are warnings or errors
	ended    chan struct{}
}

// start runs a server and returns when it has said where it listens.
func start(ctx context.Context, program string, arguments ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, arguments...), ended: make(chan struct{})}
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
		p.end()
		return nil, ctx.Err()
	}
}

// listenTo reads a server's log to its end. heard is told whether the server
// came to serve.
func (p *process) listenTo(log io.Reader, heard chan<- bool) {
	defer close(p.ended)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Level, Msg, Listen, Admin string }
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			fmt.Fprintln(os.Stderr, lines.Text())
			continue
		}
		switch {
		case line.Msg == serving:
			p.listen, p.admin = line.Listen, line.Admin
			heard <- true
		case line.Level == "WARN" || line.Level == "ERROR":
			if p.troubles.Add(1) <= 3 {
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

// end stops the server: politely, and after ten seconds for certain.
func (p *process) end() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		p.cmd.Process.Kill()
		<-p.ended
	}
}

// ready waits for the bot's /readyz and returns how long it took from the
// start of the process.
func (p *process) ready(ctx context.Context) (time.Duration, error) {
	for {
		resp, err := http.Get("http://" + p.admin + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return time.Since(p.started), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-p.ended:
			return 0, errors.New("the bot ended before it was ready")
		case <-time.After(time.Millisecond):
		}
	}
}

// tick is the unit of CPU time in /proc, for programs always 1/100 s (proc(5)).
const tick = 10 * time.Millisecond

// cpu is the CPU time of all the process's threads up to now, in user and in
// kernel mode.
func (p *process) cpu() (time.Duration, error) {
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

// memory is a process's resident memory in KiB. File is the program itself,
// as far as its pages were touched: the kernel can drop and read them again.
type memory struct{ All, Peak, Own, File int64 }

func (p *process) memory() (memory, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return memory{}, err
	}
	var m memory
	for field, to := range map[string]*int64{"VmRSS": &m.All, "VmHWM": &m.Peak, "RssAnon": &m.Own, "RssFile": &m.File} {
		_, rest, ok := strings.Cut(string(b), "\n"+field+":")
		if !ok {
			return memory{}, fmt.Errorf("/proc/PID/status has no %s", field)
		}
		if *to, err = strconv.ParseInt(strings.Fields(rest)[0], 10, 64); err != nil {
			return memory{}, err
		}
	}
	return m, nil
}

// goroutines is what the bot's /metrics says.
func (p *process) goroutines() (int, error) {
	resp, err := http.Get("http://" + p.admin + "/metrics")
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
