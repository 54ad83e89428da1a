package check

import (
	"os/exec"
	"testing"
)

// TestAlerts has promtool read the alerts, and play an hour of trouble and a
// quiet one to them.
func TestAlerts(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skipf("NOT CHECKED: %v", err)
	}
	for _, args := range [][]string{
		{"check", "rules", "../helm/syncrobot/alerts.yaml"},
		{"test", "rules", "testdata/alerts_test.yaml"},
	} {
		if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v: %s", args, err, out)
		}
	}
}
