package config

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// parse reads data as the file called name, whose relative paths start at
// dir. What a section reads is what may be written in it.
func parse(name, dir string, data []byte, env func(string) (string, bool)) (*Config, error) {
	l := &loader{file: name, dir: dir, env: env}
	root, ok := l.open(data)
	if !ok {
		return nil, l.faults
	}
	c := &Config{
		Listen:      root.field("listen").address("0.0.0.0:8080"),
		Admin:       root.field("admin").address("127.0.0.1:9090"),
		PublicURL:   strings.TrimRight(root.field("public_url").base(""), "/"),
		Redis:       readRedis(root.field("redis").required("{url: redis://127.0.0.1:6379/0}").section()),
		Syncro:      readSyncro(root.field("syncro").required("{url: https://example.syncromsp.com}").section()),
		Vault:       readVault(root.field("vault").required("{dir: ./vault}").section()),
		Technicians: readTechnicians(root.field("technicians").required("[{name: dana, slack: [T0001/U0001]}]")),
	}
	if collide(c.Listen, c.Admin) {
		f := root.field("admin")
		if !f.given() {
			f = root.field("listen")
		}
		f.fault("listen and admin are one address: write another port for one of them")
	}
	if f := root.field("slack"); f.given() {
		c.Slack = readSlack(f.section())
	}
	if f := root.field("teams"); f.given() {
		c.Teams = readTeams(f.section())
	}
	if c.Slack == nil && c.Teams == nil {
		root.fault("there is no slack and no teams section: write at least one of them")
	}
	s := root.field("confirm").section()
	c.Confirm = Confirm{
		TTL:      s.field("ttl").duration(15*time.Minute, time.Second, 24*time.Hour),
		Patience: s.field("patience").duration(2*time.Minute, 5*time.Second, time.Hour),
	}
	s.done()
	s = root.field("tickets").section()
	c.Tickets = Tickets{
		CloseStatus:     s.field("close_status").text("Resolved"),
		DefaultPriority: s.field("default_priority").text("Normal"),
	}
	s.done()
	c.Billing = readBilling(root.field("billing").section())
	c.Notify = readNotify(root.field("notify").section(), c)
	if f := root.field("end_of_day"); f.given() {
		c.EndOfDay = readEndOfDay(f.section())
	}
	s = root.field("timers").section()
	c.Timers.NudgeAfter = s.field("nudge_after").duration(0, time.Minute, 24*time.Hour)
	s.done()
	s = root.field("session_logs").section()
	c.SessionLogs = SessionLogs{
		Dir: s.field("dir").path("./session-logs"),
		Git: s.field("git").boolean(false),
	}
	s.done()
	s = root.field("audit").section()
	c.Audit = Audit{Keep: s.field("keep").duration(90*24*time.Hour, 24*time.Hour, 3660*24*time.Hour)}
	s.done()
	c.ShutdownGrace = root.field("shutdown_grace").duration(20*time.Second, time.Second, 10*time.Minute)
	c.Traces = strings.TrimRight(root.field("traces").base(""), "/")
	s = root.field("log").section()
	level := s.field("level").oneOf("info", "debug", "info", "warn", "error")
	c.Log.Format = s.field("format").oneOf("json", "json", "text")
	s.done()
	root.done()

	if len(l.faults) > 0 {
		l.faults.sort()
		return nil, l.faults
	}
	// The four names were checked, so this cannot fail.
	_ = c.Log.Level.UnmarshalText([]byte(level))
	return c, nil
}

func readRedis(s *section) Redis {
	defer s.done()
	address, sentinel, cluster := s.field("url"), s.field("sentinel"), s.field("cluster")
	switch n := count(address.given(), sentinel.given(), cluster.given()); {
	case n == 0 && s.present:
		s.fault("says not where Redis is: write url: redis://127.0.0.1:6379/0, or sentinel or cluster")
	case n > 1:
		s.fault("has %d of url, sentinel and cluster: leave one", n)
	}
	var r Redis
	if address.given() {
		r = readRedisURL(address)
	}
	if sentinel.given() {
		s := sentinel.section()
		r = readNodes(s)
		r.Master = s.field("master").required("mymaster").text("")
		r.DB = int(s.field("db").integer(0, 0, 1<<20))
		r.SentinelUsername = s.field("sentinel_username").text("")
		r.SentinelPassword = s.field("sentinel_password").secret()
		s.done()
	}
	if cluster.given() {
		s := cluster.section()
		r = readNodes(s)
		r.Cluster = true
		s.done()
	}
	wait := int64(0)
	if r.Master != "" || r.Cluster {
		wait = 1
	}
	r.WaitReplicas = int(s.field("wait_replicas").integer(wait, 0, 10))
	return r
}

// readRedisURL never quotes the value: it may hold a password.
func readRedisURL(f field) Redis {
	v, ok := f.scalar("a text", "!!str")
	if !ok {
		return Redis{}
	}
	u, err := url.Parse(v)
	if err == nil && (u.RawQuery != "" || u.Fragment != "") {
		f.fault("takes no options after the address: write redis://host:6379/0")
		return Redis{}
	}
	o, errRedis := redis.ParseURL(v)
	if err != nil || errRedis != nil || o.Network != "tcp" || u.Hostname() == "" {
		f.fault("is not an address of Redis: write redis://host:6379/0, or rediss:// for TLS")
		return Redis{}
	}
	return Redis{
		Addrs:    []string{o.Addr},
		DB:       o.DB,
		TLS:      o.TLSConfig != nil,
		Username: o.Username,
		Password: NewSecret(o.Password),
	}
}

// readNodes reads what sentinel and cluster have in common.
func readNodes(s *section) Redis {
	var r Redis
	for _, f := range s.field("addrs").required(`["h1:6379", "h2:6379"]`).some("names no node: write [\"h1:6379\", \"h2:6379\"]") {
		addr := f.address("")
		if strings.HasPrefix(addr, ":") {
			f.fault("has no host: write host:port")
		}
		r.Addrs = append(r.Addrs, addr)
	}
	r.TLS = s.field("tls").boolean(false)
	r.Username = s.field("username").text("")
	r.Password = s.field("password").secret()
	return r
}

func readSyncro(s *section) Syncro {
	defer s.done()
	f := s.field("url").required("https://example.syncromsp.com")
	c := Syncro{
		URL:               strings.TrimRight(f.base(""), "/"),
		Auth:              s.field("auth").oneOf("auto", "auto", "header", "query"),
		RequestsPerMinute: int(s.field("requests_per_minute").integer(180, 1, 100_000)),
		Timeout:           s.field("timeout").duration(20*time.Second, 100*time.Millisecond, 5*time.Minute),
	}
	if strings.HasSuffix(c.URL, "/api/v1") {
		f.fault("leave /api/v1 out: the bot adds it")
	}
	return c
}

func readVault(s *section) Vault {
	defer s.done()
	v := Vault{
		Dir:       s.field("dir").required("./vault").path(""),
		SharedKey: s.field("shared_key").oneOf("reads", "off", "reads", "all"),
	}
	user, shared := s.field("user_entry"), s.field("shared_entry")
	v.UserEntry = user.checkOr("msp-tools/syncro-{name}.sops.yaml",
		func(v string) bool { return filepath.IsLocal(v) && strings.Contains(v, "{name}") },
		"a path below vault.dir with {name} in it, as msp-tools/syncro-{name}.sops.yaml")
	v.SharedEntry = shared.checkOr("msp-tools/syncro.sops.yaml",
		func(v string) bool { return filepath.IsLocal(v) && !strings.Contains(v, "{name}") },
		"a path below vault.dir without {name}, as msp-tools/syncro.sops.yaml")
	return v
}

func readTechnicians(f field) []Technician {
	var all []Technician
	names := map[string]int{}
	users := map[string]string{}
	for _, item := range f.some("is empty, and so nobody could use the bot: write - {name: dana, slack: [T0001/U0001]}") {
		s := item.section()
		name := s.field("name").required("dana")
		t := Technician{Name: name.check(isName, "a name of a-z, 0-9, - and _, as dana")}
		if line, ok := names[t.Name]; ok && t.Name != "" {
			name.fault("%q is the name of the technician at line %d already", t.Name, line)
		}
		names[t.Name] = name.line()
		read := func(platform string, ok func(string) bool, what string) []string {
			var ids []string
			for _, f := range s.field(platform).list() {
				id := f.check(ok, what)
				if id == "" {
					continue
				}
				if platform == "teams" {
					id = strings.ToLower(id)
				}
				if other, taken := users[platform+"/"+id]; taken {
					f.fault("%q is the chat user of technician %q already: leave it at one", f.written(), other)
				}
				users[platform+"/"+id] = t.Name
				ids = append(ids, id)
			}
			return ids
		}
		t.Slack = read("slack", isSlackUser, "team/user, as T0001/U0001")
		t.Teams = read("teams", isTeamsUser, "tenant/object id, two GUIDs as 11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222")
		t.Zone = s.field("time_zone").zone()
		if !s.field("slack").given() && !s.field("teams").given() {
			s.fault("the technician has no chat user: write slack: [T0001/U0001] or teams: [tenant/object id]")
		}
		s.done()
		all = append(all, t)
	}
	return all
}

func readSlack(s *section) *Slack {
	defer s.done()
	c := &Slack{
		Transport: s.field("transport").oneOf("http", "http", "socket"),
		AppID:     s.field("app_id").check(func(v string) bool { return isSlackID(v, "A") }, "an app id, as A0001"),
		BotToken:  s.field("bot_token").required("${SLACK_BOT_TOKEN}").secret(),
		Command:   s.field("command").checkOr("/syncro", isCommand, "a slash and a word of a-z, 0-9, - and _, as /syncro"),
		APIURL:    strings.TrimRight(s.field("api_url").base("https://slack.com/api/"), "/") + "/",
	}
	for _, f := range s.field("teams").required("[T0001]").some("is empty, and so no workspace would be served: write [T0001]") {
		c.Teams = append(c.Teams, f.check(func(v string) bool { return isSlackID(v, "T") }, "a workspace id, as T0001"))
	}
	c.ResponseHosts = s.field("response_hosts").hosts("hooks.slack.com")
	signing, app := s.field("signing_secret"), s.field("app_token")
	if c.Transport == "socket" {
		app = app.required("${SLACK_APP_TOKEN}")
	} else {
		signing = signing.required("${SLACK_SIGNING_SECRET}")
	}
	c.SigningSecret, c.AppToken = signing.secret(), app.secret()
	if strings.HasPrefix(c.BotToken.Reveal(), "xapp-") {
		s.field("bot_token").fault("is an app-level token: write the bot token, which begins with xoxb-")
	}
	if strings.HasPrefix(c.AppToken.Reveal(), "xoxb-") {
		s.field("app_token").fault("is a bot token: write the app-level token, which begins with xapp-")
	}
	return c
}

func readTeams(s *section) *Teams {
	defer s.done()
	id := func(key string) string {
		f := s.field(key).required("11111111-1111-1111-1111-111111111111")
		return strings.ToLower(f.check(isGUID, "a GUID, as 11111111-1111-1111-1111-111111111111"))
	}
	c := &Teams{
		TenantID:     id("tenant_id"),
		AppID:        id("app_id"),
		ClientSecret: s.field("client_secret").required("${TEAMS_CLIENT_SECRET}").secret(),
		OpenIDURL:    s.field("openid_url").url("https://login.botframework.com/v1/.well-known/openidconfiguration"),
		ServiceHosts: s.field("service_hosts").hosts("smba.trafficmanager.net"),
	}
	c.TokenURL = s.field("token_url").url("https://login.microsoftonline.com/" + c.TenantID + "/oauth2/v2.0/token")
	return c
}

func readBilling(s *section) Billing {
	defer s.done()
	b := Billing{
		Path:  s.field("path").oneOf("line_item", "line_item", "timer"),
		Price: s.field("price").oneOf("live", "live", "omit"),
	}
	labor := s.field("labor").section()
	prepaid := map[string]field{} // where each rule names its labor
	for _, name := range labor.order {
		f := labor.field(name)
		if !isName(name) {
			f.fault("is not a name of a-z, 0-9, - and _, as remote")
		}
		s := f.section()
		l := Labor{
			Name:      name,
			ProductID: s.field("product_id").required("1190473").integer(0, 1, 1<<53),
		}
		if rule := s.field("prepaid"); rule.given() {
			if b.Path == "timer" {
				rule.fault("bills other hours than were worked, and a timer entry cannot: leave it out, or write billing.path: line_item")
			}
			s := rule.section()
			to := s.field("labor").required("onsite")
			l.Prepaid = &PrepaidLabor{Labor: to.text(""), Times: s.field("hours_times").required("1.5").factor()}
			prepaid[l.Prepaid.Labor] = to
			s.done()
		}
		b.Labor = append(b.Labor, l)
		s.done()
	}
	for name, f := range prepaid {
		if f.given() && !slices.Contains(labor.order, name) {
			f.fault("%q is no kind of labor in billing.labor", name)
		}
	}
	return b
}

func readNotify(s *section, c *Config) Notify {
	defer s.done()
	n := Notify{Poll: s.field("poll").duration(time.Minute, time.Second, 24*time.Hour)}
	secret := s.field("webhook_secret")
	n.WebhookSecret = secret.secret()
	if strings.ContainsFunc(n.WebhookSecret.Reveal(), func(r rune) bool { return !isUnreserved(r) }) {
		secret.fault("is a part of an address: write letters, digits, - . _ and ~ only")
	}
	for _, f := range s.field("routes").list() {
		n.Routes = append(n.Routes, readRoute(f.section(), c))
	}
	if f := s.field("quiet"); f.given() {
		n.Quiet = readQuiet(f)
	}
	return n
}

func readQuiet(f field) Quiet {
	s := f.section()
	defer s.done()
	q := Quiet{From: s.field("from").clock("20:00"), To: s.field("to").clock("07:00"), Zone: s.field("time_zone").zone()}
	if q.From == q.To {
		f.fault("quiet hours end at another time than they begin")
	}
	return q
}

func readEndOfDay(s *section) EndOfDay {
	defer s.done()
	e := EndOfDay{On: true, At: s.field("at").clock("17:00"), Zone: s.field("time_zone").zone()}
	e.Days, _ = weekdays(s.field("days").checkOr("mon-fri", func(v string) bool { _, ok := weekdays(v); return ok }, "days, as mon-fri, or mon,wed,fri"))
	return e
}

// weekdays reads days by their first three letters, and ranges of them.
func weekdays(text string) (days [7]bool, ok bool) {
	names := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
	for _, part := range strings.Split(strings.ToLower(text), ",") {
		first, last, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			last = first
		}
		from, to := slices.Index(names, strings.TrimSpace(first)), slices.Index(names, strings.TrimSpace(last))
		if from < 0 || to < 0 {
			return days, false
		}
		for day := from; ; day = (day + 1) % 7 {
			days[day] = true
			if day == to {
				break
			}
		}
	}
	return days, true
}

func readRoute(s *section, c *Config) Route {
	defer s.done()
	channel, conversation, person := s.field("slack"), s.field("teams"), s.field("person")
	total := s.field("min_total")
	r := Route{
		Event:    s.field("event").required("invoiced").oneOf("", "invoiced", "created", "assigned", "replied", "urgent", "resolved"),
		Slack:    channel.check(func(v string) bool { return isSlackID(v, "CG") }, "a channel id, as C0123; to one person it is person: and their name"),
		Teams:    teamsConversation(conversation.check(func(v string) bool { return teamsConversation(v) != "" }, "a channel's link, or an id as 19:abc@thread.tacv2")),
		Person:   person.text(""),
		MinTotal: total.decimal(),
	}
	for _, f := range s.field("customers").some("names no customer: leave it out for all of them") {
		r.Customers = append(r.Customers, f.text(""))
	}
	for _, f := range s.field("technicians").some("names no technician: leave it out for all of them") {
		r.Technicians = append(r.Technicians, f.text(""))
	}
	known := slices.IndexFunc(c.Technicians, func(t Technician) bool { return t.Name == r.Person })
	switch {
	case count(channel.given(), conversation.given(), person.given()) != 1:
		s.fault("a route goes to one place: write either slack: C0123 or teams: \"19:abc@thread.tacv2\" or person: dana")
	case channel.given() && c.Slack == nil:
		channel.fault("the route goes to Slack, which is not configured: write a slack section or leave the route out")
	case conversation.given() && c.Teams == nil:
		conversation.fault("the route goes to Teams, which is not configured: write a teams section or leave the route out")
	case person.given() && known < 0:
		person.fault("%s is none of the technicians: write the name of one", quote(person.written()))
	}
	if total.given() && r.Event != "invoiced" && r.Event != "" {
		total.fault("is about invoices: write event: invoiced, or leave it out")
	}
	return r
}

func count(bs ...bool) int {
	return len(slices.DeleteFunc(bs, func(b bool) bool { return !b }))
}
