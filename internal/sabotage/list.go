package main

// sabotage is one way to break the promise: a line or two of the engine
// changed, so that it is no longer kept.
type sabotage struct {
	name  string
	edits []edit
}

// edit replaces text that occurs once in a file of the repository.
type edit struct{ file, old, new string }

func in(file, old, new string) []edit { return []edit{{file, old, new}} }

// sabotages is THE LIST. Whoever adds a guard adds here how it is taken away.
var sabotages = []sabotage{
	{"no look before the send", in("confirm/run.go",
		"case what == happened:\n\t\tif len(ids)", "case what == happened && step.State != Waiting:\n\t\tif len(ids)")},
	{"no save before the send", in("confirm/run.go",
		"r.Store.saveAhead(ctx, r.op, r.Lease, r.Replicas)", "error(nil)")},
	{"a step found in sending is sent again", in("confirm/run.go",
		"case step.State == Sending:\n\t\tr.lookLater", "case false:\n\t\tr.lookLater")},
	{"absent before the quarantine is over", in("confirm/run.go",
		"case step.Clean >= 2 && r.waitedOut(step):", "case step.Clean >= 2:")},
	{"what is not theirs is sent again before the quarantine is over", in("confirm/engine.go",
		"if !step.Sent.IsZero() && !e.waitedOut(step) {", "if false {")},
	{"absent after a look that saw nothing at all", in("confirm/run.go",
		"\tif err != nil {\n\t\tstep.Clean = 0", "\tif err != nil {\n\t\tstep.Clean++")},
	{"sent though too few replicas know", in("confirm/store.go",
		"if have < replicas {", "if false {")},
	{"a click of anybody counts", []edit{
		{"confirm/engine.go", "case op.Author.Key() != req.User.Key():", "case false:"},
		{"confirm/engine.go", "e.Store.claim(ctx, op, req.User,", "e.Store.claim(ctx, op, op.Author,"},
	}},
	{"every click counts", in("confirm/lua/claim.lua",
		"if op[3] ~= ARGV[3] or op[4] ~= ARGV[7] then return answer('state') end", "")},
	{"what was confirmed expires", in("confirm/lua/claim.lua",
		"  redis.call('PERSIST', KEYS[1])\n", "")},
	{"two changes of one ticket at once", in("confirm/lua/claim.lua",
		"if ARGV[9] == 'running' and holding and holding ~= ARGV[1] then return answer('busy') end", "")},
	{"who lost the operation saves all the same", in("confirm/lua/save.lua",
		"if not forgot and not (holds and (op[1] == ARGV[3] or unheard)) then return 0 end", "")},
	{"who sent does not tell a Redis that went back", in("confirm/lua/save.lua",
		"local forgot = tonumber(op[1]) < tonumber(ARGV[3]) and (holds or not op[2] or op[2] == '')", "local forgot = false")},
	{"a ticket that moved is changed all the same", in("confirm/run.go",
		"len(changes) > 0 {\n\t\t\tr.askAgain", "false {\n\t\t\tr.askAgain")},
	{"a charge that changed without its ticket is not seen", in("syncro/tickets.go",
		"if g.Charges != since.Charges && g.Lines == since.Lines {", "if false {")},
	{"an invoice takes what was charged during a pause", in("confirm/run.go",
		"if !ok || r.compared && r.Now()", "if !ok || r.ticket != nil && r.Now()")},
	{"an old click is sent late", in("confirm/run.go",
		"if r.Now().Sub(r.op.Pressed) > r.TTL {", "if false {")},
	{"a card is left behind by a process that died", in("confirm/lua/take.lua",
		"  return {op[1], op[2], op[3], op[4] or ''}\nend\nlocal holding", "  return false\nend\nlocal holding")},
	{"what was made is not looked at", in("confirm/run.go",
		"if _, ok := w.(syncro.Checked); !ok {\n\t\treturn r.landed", "if true {\n\t\treturn r.landed")},
	{"a write's own condition is not looked at", in("confirm/run.go",
		"\tif guard == nil {\n", "\tif guard != nil || guard == nil {\n")},
	{"a 500 is taken for a refusal", in("syncro/client.go",
		"if failure.NotSent || refuses(failure.Status) {", "if failure.NotSent || failure.Status >= 400 {")},
	{"a lost answer is taken for a refusal", in("syncro/client.go",
		"failure.NotSent = !left.Load()", "failure.NotSent = true")},
	{"net/http may send a write again", []edit{
		{"syncro/client.go", "\tt.DisableKeepAlives = true\n", ""},
		{"syncro/client.go", `request.Header.Set("User-Agent", "syncrobot")`, `request.Header.Set("User-Agent", "syncrobot"); request.Header.Set("Idempotency-Key", "1")`},
	}},
	{"who became another technician acts as before", in("confirm/run.go",
		"if !r.Acts(r.op.Author, r.op.As.Name) {", "if false {")},
	{"an invoice that was paid is deleted", in("syncro/invoices.go",
		"if err != nil || !bool(i.Paid) {", "if err != nil || !bool(i.Paid) || true {")},
	{"a record in another's name is called done", in("confirm/run.go",
		"if out.Result == syncro.Applied && out.By != 0 && r.op.As.UserID != 0 && out.By != r.op.As.UserID {", "if false {")},
	{"a discount that nobody confirmed is not seen", in("syncro/lines.go",
		"case !l.discount().IsZero():", "case false:")},
	{"a removed charge is not looked for", in("syncro/lines.go",
		"func (w RemoveLine) Check(int64) Evidence { return w.Evidence(Author{}) }", "")},
	{"a reply goes to who was the contact", in("confirm/run.go",
		"if r.op.Reckoned || elsewhere && r.op.Typed != \"\" {", "if r.op.Reckoned || elsewhere && false {")},
	{"another person behind the key", in("confirm/run.go",
		"if err == nil && actor.UserID != r.op.As.UserID {", "if false {")},
}
