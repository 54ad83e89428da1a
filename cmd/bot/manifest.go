package main

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/adapters/teams"
	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/config"
)

func manifestCommand() *cobra.Command {
	c := group("manifest", "What the Slack and the Teams app are made of")
	c.AddCommand(slackManifest(), teamsManifest())
	return c
}

func slackManifest() *cobra.Command {
	var path, address string
	c := &cobra.Command{
		Use:   "slack",
		Short: "Print the Slack app's manifest, to be pasted at https://api.slack.com/apps",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := manifestConfig(path, address)
			if err != nil {
				return err
			}
			if cfg.Slack == nil {
				return fmt.Errorf("%s has no slack section", path)
			}
			text, err := slack.Manifest(slack.ManifestOptions{
				Command: cfg.Slack.Command, SyncroURL: cfg.Syncro.URL, PublicURL: cfg.PublicURL,
				Socket: cfg.Slack.Transport == "socket", Menu: commands.Menu(),
			})
			if err == nil {
				_, err = c.OutOrStdout().Write(text)
			}
			return err
		},
	}
	manifestFlags(c, &path, &address)
	return c
}

func teamsManifest() *cobra.Command {
	var path, address, out, version string
	c := &cobra.Command{
		Use:   "teams",
		Short: "Write the Teams app's package, to be uploaded in the Teams admin centre",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := manifestConfig(path, address)
			if err != nil {
				return err
			}
			if cfg.Teams == nil {
				return fmt.Errorf("%s has no teams section", path)
			}
			app, err := teams.Package(teams.PackageOptions{
				AppID: cfg.Teams.AppID, PublicURL: cfg.PublicURL, SyncroURL: cfg.Syncro.URL, Version: version, Menu: commands.Menu(),
			})
			if err != nil {
				return err
			}
			if err := os.WriteFile(out, app, 0o644); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: upload it at https://admin.teams.microsoft.com, Teams apps, Manage apps, Upload new app\n", out)
			return err
		},
	}
	manifestFlags(c, &path, &address)
	c.Flags().StringVar(&out, "out", "app.zip", "the file to write")
	c.Flags().StringVar(&version, "app-version", "1.0.0", "the app's version, which Teams wants raised with every upload")
	return c
}

func manifestFlags(c *cobra.Command, path, address *string) {
	configFlag(c, path)
	c.Flags().StringVar(address, "url", "", "where the bot is reached from the internet, in the place of the config's public_url")
}

// manifestConfig reads the config for what a manifest needs of it.
func manifestConfig(path, address string) (*config.Config, error) {
	cfg, err := earlyConfig(path)
	if err != nil || address == "" {
		return cfg, err
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("--url %q is not an address as https://bot.example.com", address)
	}
	cfg.PublicURL = strings.TrimRight(address, "/")
	return cfg, nil
}
