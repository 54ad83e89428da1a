// Command bot is syncrobot: it lets the technicians of a managed service
// provider work their Syncro tickets from Slack and Microsoft Teams.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := root().ExecuteContext(ctx)
	stop()
	if err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "bot:", err)
		}
		if errors.Is(err, errCannotRun) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// errReported is a failure whose words are printed already.
var errReported = errors.New("reported")

// group is a command that is nothing without one of its own. cobra takes a
// mistyped one for a wish for help, and calls that a success.
func group(use, short string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "bot",
		Short:         "Work Syncro tickets from Slack and Microsoft Teams",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	c.AddCommand(
		demoCommand(),
		serveCommand(),
		configCommand(),
		doctorCommand(),
		keysCommand(),
		auditCommand(),
		manifestCommand(),
		manCommand(),
		versionCommand(),
	)
	return c
}
