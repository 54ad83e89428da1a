package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/syncrobot/syncrobot/config"
)

func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "The config file"}
	var path string
	check := &cobra.Command{
		Use:   "check",
		Short: "Name every fault of the config file with its place",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := loadConfig(path)
			if err == nil {
				_, err = fmt.Fprintln(c.OutOrStdout(), path+": no fault")
			}
			return err
		},
	}
	configFlag(check, &path)
	example := &cobra.Command{
		Use:   "example",
		Short: "Print a commented config file with every key",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), config.Example)
			return err
		},
	}
	c.AddCommand(check, example)
	return c
}

func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "config", "bot.yaml", "the config file")
}

// loadConfig reads the config file. Its faults are printed, a line each.
func loadConfig(path string) (*config.Config, error) { return readConfig(path, os.LookupEnv) }

func readConfig(path string, env func(string) (string, bool)) (*config.Config, error) {
	cfg, err := config.Load(path, env)
	if faults, ok := errors.AsType[config.Faults](err); ok {
		fmt.Fprintln(os.Stderr, faults)
		return nil, errReported
	}
	return cfg, err
}
