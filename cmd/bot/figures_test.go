package main

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDashboardAndAlertsUseFiguresThatThereAre: a panel or an alert on a
// figure that nobody makes is silent for ever; a figure on neither answers
// nobody's question.
func TestDashboardAndAlertsUseFiguresThatThereAre(t *testing.T) {
	t.Parallel()
	described := make(chan *prometheus.Desc, 1000)
	newMetrics().registry.Describe(described)
	close(described)
	var made []string
	for d := range described {
		if m := regexp.MustCompile(`fqName: "(syncrobot_\w+)"`).FindStringSubmatch(d.String()); m != nil {
			made = append(made, m[1])
		}
	}
	used := map[string]bool{}
	for _, path := range []string{"../../deploy/grafana/syncrobot.json", "../../deploy/helm/syncrobot/alerts.yaml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`syncrobot_\w+`).FindAllString(string(text), -1) {
			name = regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
			if !slices.Contains(made, name) {
				t.Errorf("%s asks for %s, which the bot does not make", path, name)
			}
			used[name] = true
		}
	}
	for _, name := range made {
		if !used[name] {
			t.Errorf("%s is on no panel and in no alert", name)
		}
	}
}
