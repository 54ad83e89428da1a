package commands

import (
	"context"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

func help() Command {
	return Command{
		Name: "help", Aliases: []string{"?", "commands"}, Args: "[command]",
		Summary:  "What can be typed",
		Examples: []string{"help", "help close"},
		Run: func(_ context.Context, c *Call) (Result, error) {
			word, _ := cutWord(strings.ToLower(c.Rest))
			if word == "" {
				return card(overview(c.commands)), nil
			}
			if found := named(c.commands, word); found != nil {
				return card(found.help()), nil
			}
			e := usage("I do not know the command “%s”.", clip(word, 40))
			if near := nearest(c.commands, word); near != nil {
				e.Choices = []Choice{{Label: "help " + near.Name, Line: "help " + near.Name}}
			}
			return Result{}, e
		},
	}
}

func overview(commands []Command) chat.Card {
	rows := make([][]string, len(commands))
	for i, c := range commands {
		rows[i] = []string{c.usage(), c.Summary}
	}
	return chat.Card{
		Title: "What you can type",
		Parts: []chat.Part{
			chat.Table{Header: []string{"Command", "Does"}, Rows: rows},
			chat.Text("A ticket is its number, with or without #, or a link to it. A number alone shows the ticket, and nothing at all your open tickets.\n" +
				"Whatever changes Syncro is first shown as a card: nothing is sent before you press Confirm. " +
				"Only Take it, Assign, and a Status that does not end the ticket are done by one click on its card; Undo brings back what was there before."),
		},
	}
}

func (c *Command) help() chat.Card {
	fields := chat.Fields{{Name: "Usage", Value: c.usage()}}
	if len(c.Aliases) > 0 {
		fields = append(fields, chat.Field{Name: "Also", Value: strings.Join(c.Aliases, ", ")})
	}
	return chat.Card{
		Title: c.Name + ": " + c.Summary,
		Parts: []chat.Part{fields, chat.Text("For example"), chat.Code(strings.Join(c.Examples, "\n"))},
	}
}

func (c *Command) usage() string { return strings.TrimSpace(c.Name + " " + c.Args) }
