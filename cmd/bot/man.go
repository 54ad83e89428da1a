package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand is how a release gets its manual.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual's pages into a folder",
		Args:   cobra.ExactArgs(1),
		Hidden: true,
		RunE: func(c *cobra.Command, args []string) error {
			c.Root().DisableAutoGenTag = true
			date := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) // the same whenever they are written
			return doc.GenManTree(c.Root(), &doc.GenManHeader{Section: "1", Source: "syncrobot", Manual: "syncrobot", Date: &date}, args[0])
		},
	}
}
