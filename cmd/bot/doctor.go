package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/syncrobot/syncrobot/adapters"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/doctor"
)

// errCannotRun is a doctor who could not look at all; the program ends with 2
// then, and with 1 where something fails.
var errCannotRun = errors.New("the doctor cannot look")

func doctorCommand() *cobra.Command {
	var path, test string
	var only []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what would keep the bot from working, and say what to do about it",
		Long: `Looks at the config, the vault, Syncro, Redis, the chat platforms and what is between them, and prints a line a check
with a remedy where something is wrong. It reads only. It ends with 0 where all is fine, with 1 where something fails,
and with 2 where it could not look.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, name := range only {
				if !slices.Contains(doctor.Groups(), name) {
					return fmt.Errorf("%w: there is no group %q; there are %s", errCannotRun, name, strings.Join(doctor.Groups(), ", "))
				}
			}
			found, err := examine(c.Context(), path, only, test)
			if err != nil {
				return fmt.Errorf("%w: %w", errCannotRun, err)
			}
			if err := report(c.OutOrStdout(), found, asJSON); err != nil {
				return err
			}
			if doctor.Failed(found) {
				return errReported
			}
			return nil
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errCannotRun, err) })
	configFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	c.Flags().StringSliceVar(&only, "only", nil, "look at these groups alone: "+strings.Join(doctor.Groups(), ","))
	c.Flags().StringVar(&test, "send-test", "", "send this technician a message on each platform; nothing else is ever sent")
	return c
}

// examine reads the config and looks. A config with faults is a finding.
func examine(ctx context.Context, path string, only []string, test string) ([]doctor.Finding, error) {
	cfg, err := config.Load(path, os.LookupEnv)
	if faults, ok := errors.AsType[config.Faults](err); ok {
		var found []doctor.Finding
		for _, fault := range faults {
			place := fmt.Sprintf("%s:%d:%d", fault.File, fault.Line, fault.Col)
			found = append(found, doctor.Finding{Group: "config", Check: place, Status: doctor.Fails, Detail: fault.Message, Remedy: "Write there what is said, then run this again."})
		}
		return found, nil
	}
	if err != nil {
		return nil, err
	}
	named := func(t config.Technician) bool { return t.Name == test }
	if test != "" && !slices.ContainsFunc(cfg.Technicians, named) {
		return nil, fmt.Errorf("there is no technician %q in %s", test, path)
	}
	log := slog.New(slog.DiscardHandler)
	redis.SetLogger(redisLog{log})
	b := &bot{cfg: cfg, log: log, redis: openRedis(cfg.Redis), work: chat.NewWork(1)}
	defer b.redis.Close()
	// Nothing comes in, so that nobody is there who would answer.
	var nobody struct {
		chat.Handler
		chat.Seen
	}
	platforms, err := adapters.New(slackOptions(b, nobody, nobody), teamsOptions(b, nobody, nobody))
	if err != nil {
		return nil, err
	}
	fine := doctor.Finding{Group: "config", Check: path, Status: doctor.Fine, Detail: "no fault"}
	found := doctor.Run(ctx, doctor.Options{
		Config: cfg, Redis: b.redis, Platforms: platforms, Only: only, Test: test,
		Places: func(r config.Route) []chat.Place { return places(cfg, r) },
	})
	return append([]doctor.Finding{fine}, found...), nil
}

func report(w io.Writer, found []doctor.Finding, asJSON bool) error {
	if !asJSON {
		return doctor.Write(w, found)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(found)
}
