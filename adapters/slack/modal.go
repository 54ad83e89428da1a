package slack

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

// unfit is why Slack cannot show a form, in words: what it would send, or what
// can be chosen, does not fit in a modal whole, and none of it is ever cut.
type unfit string

func (u unfit) Error() string { return string(u) }

// modalID is the callback_id of every modal of the bot.
const modalID = "form"

// modal draws a form within Slack's limits. Its own words are cut where they
// are too long, and say so; any error is an unfit one.
func modal(f chat.Form, metadata string) (slackapi.ModalViewRequest, error) {
	m := slackapi.ModalViewRequest{
		Type: slackapi.VTModal, CallbackID: modalID, PrivateMetadata: metadata,
		Title:  plainText(cutLabel(cmp.Or(line(f.Title), "Form"), maxModalTitle)),
		Submit: plainText(cutLabel(cmp.Or(line(f.Submit), "Submit"), maxModalTitle)),
		Close:  plainText("Not now"),
	}
	if len(metadata) > maxMetadata {
		return m, unfit("it is for more than Slack remembers")
	}
	if intro := rich(section(plainRun(cut(clean(f.Intro), maxText)))); intro != nil {
		m.Blocks.BlockSet = append(m.Blocks.BlockSet, intro)
	}
	seen := map[string]bool{}
	for _, in := range f.Inputs {
		if in.Name == "" || length(in.Name) > maxBlockID || seen[in.Name] {
			return m, unfit("two of its inputs, or one without a name, cannot be told apart")
		}
		seen[in.Name] = true
		for _, in := range inParts(in) {
			block, err := input(in)
			if err != nil {
				return m, err
			}
			if block != nil {
				m.Blocks.BlockSet = append(m.Blocks.BlockSet, block)
			}
		}
	}
	switch n := len(m.Blocks.BlockSet); {
	case n > maxViewBlocks:
		return m, unfit(fmt.Sprintf("it asks for %d things, and Slack shows %d", len(f.Inputs), maxViewBlocks))
	case n == 0 || m.Blocks.BlockSet[n-1].BlockType() != slackapi.MBTInput:
		return m, unfit("it asks for nothing")
	}
	return m, nil
}

// partMark is between an input's name and the number of a part of it. No
// input's name has it.
const partMark = "~"

// inParts is a text that is longer than Slack lets be edited in one input as
// several, cut between lines where that can be. A part's name has its number, and
// what stood between it and the part before: "text~2n" a line break, "text~2s" a
// space, "text~2" nothing.
func inParts(in chat.Input) []chat.Input {
	if in.Kind != chat.Paragraph || length(in.Value) <= maxInitial {
		return []chat.Input{in}
	}
	var parts []chat.Input
	rest, between := in.Value, ""
	for rest != "" {
		part := in
		part.Value = prefix(rest, maxInitial)
		next := ""
		if cut := len(part.Value); cut < len(rest) {
			for _, b := range []struct{ sign, text string }{{"n", "\n"}, {"s", " "}} {
				if at := strings.LastIndex(rest[:cut+1], b.text); at > cut/2 {
					part.Value, next = rest[:at], b.sign
					break
				}
			}
		}
		rest = rest[len(part.Value)+len(next):]
		if len(parts) > 0 {
			part.Name = in.Name + partMark + strconv.Itoa(len(parts)+1) + between
			part.Optional = true // what is taken out of it is taken out
		}
		parts, between = append(parts, part), next
	}
	for i := range parts {
		parts[i].Label = fmt.Sprintf("%s (%d of %d)", cmp.Or(line(in.Label), in.Name), i+1, len(parts))
	}
	return parts
}

// partOf is the input that a name is a part of, which one it is, and what
// stands before it.
func partOf(name string) (input string, n int, between string) {
	input, part, ok := strings.Cut(name, partMark)
	if !ok {
		return input, 1, ""
	}
	switch {
	case strings.HasSuffix(part, "n"):
		between = "\n"
	case strings.HasSuffix(part, "s"):
		between = " "
	}
	n, _ = strconv.Atoi(strings.TrimRight(part, "ns"))
	return input, n, between
}

// input draws one input; nil where there is nothing to choose from, nor need.
func input(in chat.Input) (slackapi.Block, error) {
	name := cmp.Or(line(in.Label), in.Name)
	var element slackapi.BlockElement
	switch in.Kind {
	case chat.Line, chat.Paragraph:
		if n := length(in.Value); n > maxInitial {
			return nil, unfit(fmt.Sprintf("the text under “%s” has %d characters, and Slack lets %d be edited", cutLabel(name, maxLabel), n, maxInitial))
		}
		element = &slackapi.PlainTextInputBlockElement{
			Type: slackapi.METPlainTextInput, ActionID: in.Name, InitialValue: in.Value,
			Multiline: in.Kind == chat.Paragraph || strings.Contains(in.Value, "\n"), // a single line would lose them
		}
	case chat.Select:
		menu, initial := options(in.Options), chosen(in)
		switch {
		case len(menu) != len(in.Options) && !in.Optional, len(menu) > maxOptions*maxOptions:
			return nil, unfit(fmt.Sprintf("Slack cannot show every choice under “%s”", cutLabel(name, maxLabel)))
		case len(menu) == 0:
			return nil, nil
		}
		pick := &slackapi.SelectBlockElement{Type: slackapi.OptTypeStatic, ActionID: in.Name, InitialOption: initial}
		if pick.Options = menu; len(menu) > maxOptions {
			pick.Options, pick.OptionGroups = nil, groups(menu)
		}
		element = pick
	case chat.Lookup:
		always := 0 // even before something is typed: the handler may know what is likely
		element = &slackapi.SelectBlockElement{Type: slackapi.OptTypeExternal, ActionID: in.Name, InitialOption: chosen(in), MinQueryLength: &always}
	case chat.Date:
		day := &slackapi.DatePickerBlockElement{Type: slackapi.METDatepicker, ActionID: in.Name}
		if _, err := time.Parse(time.DateOnly, in.Value); err == nil {
			day.InitialDate = in.Value
		}
		element = day
	case chat.Check:
		yes := slackapi.NewOptionBlockObject("true", plainText("Yes"), nil)
		box := &slackapi.CheckboxGroupsBlockElement{Type: slackapi.METCheckboxGroups, ActionID: in.Name, Options: []*slackapi.OptionBlockObject{yes}}
		if in.Value == "true" {
			box.InitialOptions = box.Options
		}
		element = box
	default:
		return nil, unfit(fmt.Sprintf("“%s” is filled in in a way that is not known here", cutLabel(name, maxLabel)))
	}
	block := slackapi.NewInputBlock(in.Name, plainText(cut(name, maxInputLabel)), nil, element)
	if hint := clean(in.Hint); hint != "" {
		block.Hint = plainText(cut(hint, maxInputLabel))
	}
	block.Optional = in.Optional || in.Kind == chat.Check // Slack takes a box that must be filled in for one that must be ticked
	return block, nil
}

// options are those whose value Slack takes whole: a part of it would stand
// for something else.
func options(all []chat.Option) []*slackapi.OptionBlockObject {
	taken := []*slackapi.OptionBlockObject{}
	for _, o := range all {
		if o.Value != "" && length(o.Value) <= maxOptionText {
			label := cutLabel(cmp.Or(line(o.Label), line(o.Value), "–"), maxOptionText)
			taken = append(taken, slackapi.NewOptionBlockObject(o.Value, plainText(label), nil))
		}
	}
	return taken
}

// chosen is the option that an input's value stands for, if there is one.
func chosen(in chat.Input) *slackapi.OptionBlockObject {
	for _, o := range options(in.Options) {
		if o.Value == in.Value {
			return o
		}
	}
	return nil
}

// groups are the options of a menu that has more than fit in one list.
func groups(all []*slackapi.OptionBlockObject) []*slackapi.OptionGroupBlockObject {
	var made []*slackapi.OptionGroupBlockObject
	for i := 0; i < len(all); i += maxOptions {
		end := min(i+maxOptions, len(all))
		label := strconv.Itoa(i+1) + "–" + strconv.Itoa(end)
		made = append(made, slackapi.NewOptionGroupBlockElement(plainText(label), all[i:end]...))
	}
	return made
}

func plainText(s string) *slackapi.TextBlockObject {
	return slackapi.NewTextBlockObject(slackapi.PlainTextType, s, false, false)
}
