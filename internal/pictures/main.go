// Command pictures makes the pictures of docs/: it runs the demo, types and
// presses in its page with a headless Chromium, and keeps what the cards look
// like. "make pictures" calls it; it listens on loopback alone.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

// picture is the last card of a chat after something was typed and pressed.
type picture struct {
	name  string // of the file
	chat  string // "slack" or "teams"
	typed string // empty: the card that the picture before this one left
	press string // a button of it, empty for none
	until string // words that the card must show
	fault string // of Syncro's, for the next write
}

// pictures are all there are, in the order in which they are made.
var pictures = []picture{
	{name: "slack-day", chat: "slack", typed: "/syncro", until: "Open tickets"},
	{name: "slack-ticket", chat: "slack", typed: "/syncro 32164", until: "Open in Syncro"},
	{name: "slack-confirm", chat: "slack", typed: "/syncro note 32164 Client logs show a rekey at 3600 s", until: "Nothing is sent before you confirm"},
	{name: "slack-done", chat: "slack", press: "Confirm", until: "Done and checked"},
	{name: "slack-bill", chat: "slack", typed: "/syncro bill 32156 45m remote Removed the mail, signed all sessions out and made sure that it stays away.", until: "Nothing is sent before you confirm"},
	{name: "slack-billed", chat: "slack", press: "Confirm", until: "Done and checked"},
	{name: "teams-reply", chat: "teams", typed: "/syncro reply 32159 The new laptop arrives on Thursday.", until: "Nothing is sent before you confirm"},
	{name: "teams-doubt", chat: "teams", press: "Confirm", until: "I do not send it again", fault: "commit then hang"},
	{name: "teams-found", chat: "teams", until: "looked for, and found"},
	{name: "teams-error", chat: "teams", typed: "/syncro clsoe 32158", until: "usage"},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "syncrobot-pictures-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	address, stop, err := demo(ctx, dir)
	if err != nil {
		return err
	}
	defer stop()
	browser, closeBrowser, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer closeBrowser()
	if err := chromedp.Do(browser, chromedp.EmulateViewport(1700, 1400),
		chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("#slack textarea")), chromedp.WaitVisible(chromedp.CSS("#teams textarea"))); err != nil {
		return fmt.Errorf("the demo's page: %w", err)
	}
	for _, p := range pictures {
		if err := p.take(browser, address); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Println("docs/cards/" + p.name + ".png")
	}
	whole, err := chromedp.Run(browser, chromedp.CaptureScreenshot())
	if err != nil {
		return err
	}
	fmt.Println("docs/demo.png")
	return os.WriteFile("docs/demo.png", whole, 0o644)
}

// take makes one picture.
func (p picture) take(ctx context.Context, address string) error {
	if p.fault != "" {
		body, err := json.Marshal(map[string]any{"kind": p.fault, "method": "POST", "times": 1})
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/syncro-sim/_sim/fault", bytes.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode/100 != 2 {
			return fmt.Errorf("the fault was not taken: %s", response.Status)
		}
	}
	// last is the newest of the bot's cards, and marks it for the camera.
	last := fmt.Sprintf(`(() => {
		for (const old of document.querySelectorAll("#camera")) old.removeAttribute("id");
		const card = [...document.querySelectorAll("#%s article.bot")].at(-1);
		if (card) card.id = "camera";
		return card ? card.innerText : "";
	})()`, p.chat)
	if p.typed != "" {
		cards := fmt.Sprintf(`document.querySelectorAll("#%s article.bot").length`, p.chat)
		before, err := chromedp.Run(ctx, chromedp.Evaluate[int](cards))
		if err != nil {
			return err
		}
		line := chromedp.CSS("#" + p.chat + " .composer textarea")
		if err := chromedp.Do(ctx, chromedp.SetValue(line, p.typed), chromedp.SendKeys(line, "\r")); err != nil {
			return err
		}
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](fmt.Sprintf("%s > %d", cards, before), chromedp.WithPollingTimeout(time.Minute))); err != nil {
			return err
		}
	}
	if p.press != "" {
		press := fmt.Sprintf(`(() => {
			const all = [...[...document.querySelectorAll("#%s article.bot")].at(-1).querySelectorAll("button")];
			const found = all.filter(b => b.innerText.trim() === %q);
			found.forEach(b => b.click());
			return found.length;
		})()`, p.chat, p.press)
		if n, err := chromedp.Run(ctx, chromedp.Evaluate[int](press)); err != nil || n != 1 {
			return fmt.Errorf("%d buttons %q: %w", n, p.press, err)
		}
	}
	shown := fmt.Sprintf("%s.includes(%q)", last, p.until)
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](shown, chromedp.WithPollingTimeout(2*time.Minute))); err != nil {
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](last))
		return fmt.Errorf("%w: the card says %q", err, text)
	}
	// A card that was redrawn glows for a moment.
	if err := chromedp.Do(ctx, chromedp.Sleep(time.Second)); err != nil {
		return err
	}
	png, err := chromedp.Run(ctx, chromedp.Screenshot(chromedp.CSS("#camera")))
	if err != nil {
		return err
	}
	path := filepath.Join("docs", "cards", p.name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, png, 0o644)
}

// demo builds the bot and runs its demo; the address is its page's.
func demo(ctx context.Context, dir string) (address string, stop func(), err error) {
	bot := filepath.Join(dir, "bot")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", bot, "./cmd/bot").CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("build the bot: %w: %s", err, out)
	}
	c := exec.CommandContext(ctx, bot, "demo", "--listen", "127.0.0.1:0")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if found := regexp.MustCompile(`http://[0-9.:]+`).FindString(lines.Text()); found != "" {
			return found, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("the demo says no address")
}

// open starts a headless browser.
func open(ctx context.Context, dir string) (context.Context, func(), error) {
	var program string
	for _, name := range strings.Fields("chromium chromium-browser google-chrome") {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		return nil, nil, fmt.Errorf("no Chromium: install Debian's package chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(filepath.Join(dir, "browser")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("force-color-profile", "srgb"))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, endProgram := chromedp.NewExecAllocator(ctx, options...)
	ctx, endTab := chromedp.NewContext(ctx)
	return ctx, func() { endTab(); endProgram() }, nil
}
