package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/syncrobot/syncrobot/config"
)

func configCommand() *cobra.Command {
	c := group("config", "The config file")
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

// notSet stands for an environment variable that is not set. Secrets take it;
// in a host, an id or a command it is a fault.
const notSet = "~not~set~"

// earlyConfig reads a config whose secrets may be missing still, for what is
// done before there are any: the apps that they come with, and the vault.
func earlyConfig(path string) (*config.Config, error) {
	return readConfig(path, func(name string) (string, bool) {
		value, ok := os.LookupEnv(name)
		if !ok {
			value = notSet
		}
		return value, true
	})
}

// offlineConfig reads the config for what speaks to no chat platform, and so
// needs none of their secrets.
func offlineConfig(path string) (*config.Config, error) {
	cfg, err := earlyConfig(path)
	if err != nil {
		return nil, err
	}
	if o := cfg.Redis.Options(); slices.Contains([]string{o.Username, o.Password, o.SentinelUsername, o.SentinelPassword}, notSet) {
		return nil, errors.New("an environment variable that the config's redis section names is not set")
	}
	return cfg, nil
}

func readConfig(path string, env func(string) (string, bool)) (*config.Config, error) {
	cfg, err := config.Load(path, env)
	if faults, ok := errors.AsType[config.Faults](err); ok {
		fmt.Fprintln(os.Stderr, faults)
		return nil, errReported
	}
	return cfg, err
}
