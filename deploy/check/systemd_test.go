package check

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSystemdUnit has systemd verify the unit and rate its exposure, 0 (safe)
// to 10 (unsafe).
func TestSystemdUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skipf("NOT CHECKED: %v", err)
	}
	dir := t.TempDir()
	unit := filepath.Join(dir, "syncrobot.service")
	// The program is not installed here; any other that is there will do.
	text := replaced(t, "../syncrobot.service", "/usr/local/bin/bot", "/bin/true")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	verify := exec.Command("systemd-analyze", "verify", "--recursive-errors=no", "--man=no", unit)
	if out, err := verify.CombinedOutput(); err != nil || bytes.Contains(out, []byte("syncrobot.service:")) {
		t.Errorf("%v: %s", err, out)
	}
	security := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=15", unit)
	out, err := security.CombinedOutput()
	if err != nil {
		t.Errorf("exposed more than 1.5: %v: %s", err, out)
	}
	t.Logf("%s", bytes.TrimSpace(out[max(0, bytes.LastIndexByte(bytes.TrimSpace(out), '\n')):]))
}
