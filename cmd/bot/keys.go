package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/syncro"
)

func keysCommand() *cobra.Command {
	var path string
	c := group("keys", "The technicians' Syncro keys in the vault")
	c.PersistentFlags().StringVar(&path, "config", "bot.yaml", "the config file")
	run := func(do func(context.Context, keyring, []string) error) func(*cobra.Command, []string) error {
		return func(c *cobra.Command, args []string) error {
			cfg, err := offlineConfig(path)
			if err != nil {
				return err
			}
			k, err := newKeyring(cfg, c.InOrStdin(), c.OutOrStdout())
			if err != nil {
				return err
			}
			defer k.close()
			return do(c.Context(), k, args)
		}
	}
	var replace, shared bool
	add := &cobra.Command{
		Use:   "add NAME",
		Short: "Put a technician's key, read from a prompt or standard input, into the vault",
		Args: func(c *cobra.Command, args []string) error {
			if shared {
				return cobra.NoArgs(c, args)
			}
			return cobra.ExactArgs(1)(c, args)
		},
		RunE: run(func(ctx context.Context, k keyring, args []string) error {
			if shared {
				return k.add(ctx, "", replace)
			}
			return k.add(ctx, args[0], replace)
		}),
	}
	add.Flags().BoolVar(&replace, "replace", false, "replace the entry that is there")
	add.Flags().BoolVar(&shared, "shared", false, "the shared key, instead of a technician's")
	c.AddCommand(initKeys(&path), add,
		&cobra.Command{
			Use: "list", Short: "Who has an entry, for which Syncro user, encrypted to whom; never a key", Args: cobra.NoArgs,
			RunE: run(func(_ context.Context, k keyring, _ []string) error { return k.list() }),
		},
		&cobra.Command{
			Use: "verify", Short: "Ask Syncro whose each key is", Args: cobra.NoArgs,
			RunE: run(func(ctx context.Context, k keyring, _ []string) error { return k.verify(ctx) }),
		},
	)
	return c
}

// initKeys is where a new administrator begins, who has neither age nor sops.
func initKeys(path *string) *cobra.Command {
	var file string
	var others []string
	c := &cobra.Command{
		Use:   "init",
		Short: "Make an empty vault: its folder, the age key that opens it, and .sops.yaml",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := earlyConfig(*path)
			if err != nil {
				return err
			}
			if file, err = filepath.Abs(file); err != nil {
				return err
			}
			recipient, err := vaultOf(cfg).Begin(file, others...)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("nothing was made: the vault has its rules already (%w)", err)
			}
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			fmt.Fprintf(out, "%s opens the vault in %s.\nThe bot needs it: SOPS_AGE_KEY_FILE=%s\n", file, cfg.Vault.Dir, file)
			if len(others) == 0 {
				fmt.Fprintf(out, "Nothing else opens it: keep a copy of that file where the bot is not.\n")
			}
			_, err = fmt.Fprintf(out, "Its recipient is %s. Now: bot keys add NAME\n", recipient)
			return err
		},
	}
	c.Flags().StringVar(&file, "key", "age.key", "the age key's file; one that is there is used")
	c.Flags().StringArrayVar(&others, "recipient", nil, "who else may open the entries, as age1…; for the day on which the key is lost")
	return c
}

// keyring is the vault at the command line.
type keyring struct {
	cfg   *config.Config
	vault identity.Vault
	me    func(context.Context, syncro.Key) (syncro.Me, error)
	in    io.Reader
	out   io.Writer
	close func() error
}

func newKeyring(cfg *config.Config, in io.Reader, out io.Writer) (keyring, error) {
	rdb := openRedis(cfg.Redis) // the requests count with those of the bots
	log := slog.New(slog.DiscardHandler)
	client, err := syncro.New(syncro.Options{
		URL: cfg.Syncro.URL, Auth: cfg.Syncro.Auth, Timeout: cfg.Syncro.Timeout, Log: log, Redis: rdb,
		Limiter: syncro.NewLimiter(rdb, syncro.LimiterOptions{PerMinute: cfg.Syncro.RequestsPerMinute}),
	})
	if err != nil {
		rdb.Close()
		return keyring{}, err
	}
	return keyring{
		cfg: cfg, vault: vaultOf(cfg), in: in, out: out, close: rdb.Close,
		me: func(ctx context.Context, key syncro.Key) (syncro.Me, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return client.Reader(key, syncro.ClassLookup).Me(ctx)
		},
	}, nil
}

func vaultOf(cfg *config.Config) identity.Vault {
	return identity.Vault{Dir: cfg.Vault.Dir, UserEntry: cfg.Vault.UserEntry, SharedEntry: cfg.Vault.SharedEntry}
}

// add puts a key into the vault, the shared one where name is empty.
func (k keyring) add(ctx context.Context, name string, replace bool) error {
	named := func(t config.Technician) bool { return t.Name == name }
	if name != "" && !slices.ContainsFunc(k.cfg.Technicians, named) {
		return fmt.Errorf("the config has no technician %q: add them to technicians first", name)
	}
	secret, err := k.read()
	if err != nil {
		return err
	}
	me, err := k.me(ctx, syncro.NewKey(secret))
	if err != nil {
		words, _ := commands.Explain(err)
		return fmt.Errorf("nothing was added. %s", words)
	}
	careful := k.careful(name, me)
	var file string
	if name == "" {
		file, err = k.vault.AddShared(ctx, secret, me, replace)
	} else {
		file, err = k.vault.AddEntry(ctx, name, secret, me, replace)
	}
	if errors.Is(err, fs.ErrExist) {
		return errors.New("there is an entry already, and nothing was added: with --replace it is replaced")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(k.out, "Syncro takes this key for %s (user %d). It is in %s.\nRunning bots notice within ten seconds.\n", me.Name, me.UserID, file)
	for _, words := range careful {
		fmt.Fprintf(k.out, "CAREFUL: %s.\n", words)
	}
	return nil
}

// careful is what an administrator may not have meant: that a technician acts
// as another Syncro user from now on, or as another technician does.
func (k keyring) careful(name string, me syncro.Me) (all []string) {
	if name == "" {
		return nil
	}
	for _, h := range k.all() {
		switch {
		case h.err != nil || h.who == sharedWho:
		case h.who == name && h.entry.UserID != 0 && h.entry.UserID != me.UserID:
			all = append(all, fmt.Sprintf("until now %s acted as Syncro user %d", name, h.entry.UserID))
		case h.who != name && h.entry.UserID == me.UserID:
			all = append(all, fmt.Sprintf("%s acts as that user, too: what one of them does is logged in the other's name", h.who))
		}
	}
	return all
}

// sharedWho is whose the shared entry is, in lists of technicians.
const sharedWho = "(shared)"

// read reads a key: from a terminal without showing it, else the whole of
// standard input.
func (k keyring) read() (string, error) {
	var raw []byte
	var err error
	if f, ok := k.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(k.out, "Syncro API token (it is not shown): ")
		raw, err = term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(k.out)
	} else {
		raw, err = io.ReadAll(io.LimitReader(bufio.NewReader(k.in), 4096))
	}
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	secret := strings.TrimSpace(string(raw))
	if secret == "" || strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return "", errors.New("that is no key: it is one word of letters, digits and dashes")
	}
	return secret, nil
}

// held is a place in the vault, opened.
type held struct {
	who   string
	path  string
	entry identity.Entry
	err   error
}

func (k keyring) all() []held {
	var all []held
	for _, t := range k.cfg.Technicians {
		h := held{who: t.Name}
		if h.path, h.err = k.vault.EntryOf(t.Name); h.err == nil {
			h.entry, h.err = k.vault.Open(t.Name)
		}
		all = append(all, h)
	}
	shared := held{who: sharedWho, path: k.vault.SharedEntry}
	shared.entry, shared.err = k.vault.OpenShared()
	return append(all, shared)
}

func (k keyring) list() error {
	table := tabwriter.NewWriter(k.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TECHNICIAN\tENTRY\tSTATUS\tOWNER\tSYNCRO USER\tRECIPIENTS")
	failed := false
	for _, h := range k.all() {
		status := h.entry.Status
		switch {
		case errors.Is(h.err, fs.ErrNotExist):
			fmt.Fprintf(table, "%s\t%s\tno entry\n", h.who, h.path)
			continue
		case h.err != nil:
			failed = true
			fmt.Fprintf(table, "%s\t%s\tcannot be opened: %v\n", h.who, h.path, h.err)
			continue
		}
		recipients, _, err := k.vault.Recipients(h.path)
		if err != nil && len(recipients) == 0 {
			recipients = []string{"not known: " + err.Error()}
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\n", h.who, h.path, status, h.entry.Owner, h.entry.UserID, strings.Join(recipients, " "))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if failed {
		return errReported
	}
	return nil
}

func (k keyring) verify(ctx context.Context) error {
	failed := false
	whose := map[int64]string{}
	for _, h := range k.all() {
		words, fine := k.verdict(ctx, h)
		if other := whose[h.entry.UserID]; fine && other != "" && h.who != sharedWho {
			words += ". CAREFUL: " + other + " acts as that user, too"
		}
		if h.err == nil && h.entry.UserID != 0 {
			whose[h.entry.UserID] = h.who
		}
		failed = failed || !fine
		fmt.Fprintf(k.out, "%s: %s\n", h.who, words)
	}
	if failed {
		return errReported
	}
	return nil
}

// verdict is how an entry stands, in words.
func (k keyring) verdict(ctx context.Context, h held) (words string, fine bool) {
	switch {
	case errors.Is(h.err, fs.ErrNotExist):
		return "no entry", true
	case h.err != nil:
		return h.err.Error(), false
	case h.entry.Status != "active":
		return "not in use: its status is " + h.entry.Status, true
	}
	me, err := k.me(ctx, h.entry.Key)
	if err != nil {
		words, _ = commands.Explain(err)
		return words, false
	}
	if h.entry.UserID != 0 && h.entry.UserID != me.UserID {
		return fmt.Sprintf("the key belongs to %s (%d), not to %d as the entry says", me.Name, me.UserID, h.entry.UserID), false
	}
	return fmt.Sprintf("fine: %s (%d)", me.Name, me.UserID), true
}
