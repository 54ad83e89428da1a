package identity

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/syncro"
)

const (
	watchEvery = 10 * time.Second
	// atOnce is how many entries are opened at a time: some are opened by a
	// service on the network.
	atOnce = 8
)

// Reload opens every entry anew. Where that fails the entry as it was opened
// before stays in use; the errors are logged and returned.
func (d *Directory) Reload(ctx context.Context) error {
	return d.load(ctx, nil, true)
}

// SetTechnicians replaces the technicians and opens every entry anew, as
// Reload does. Nothing changes where people contradict themselves.
func (d *Directory) SetTechnicians(ctx context.Context, people []Person) error {
	roster, err := d.enrol(people)
	if err != nil {
		return err
	}
	return d.load(ctx, roster, true)
}

// Watch opens entries that changed, every ten seconds, until ctx ends.
func (d *Directory) Watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = d.load(ctx, nil, false) // logged
		}
	}
}

// load opens the entries of next, of the technicians as they are where that is
// nil, and then replaces the state at once. Without afresh it opens only what
// changed or failed before.
func (d *Directory) load(ctx context.Context, next *roster, afresh bool) error {
	d.loading.Lock()
	defer d.loading.Unlock()
	old := d.state.Load()
	if next == nil {
		next = old.roster
	}
	slots := make([]slot, len(next.names)+1) // the shared one is the last
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range slots {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if i == len(next.names) {
				slots[i] = d.refresh(old.shared, d.vault.SharedEntry, false, afresh)
				return nil
			}
			path, err := d.vault.userPath(next.names[i])
			slots[i] = d.refresh(old.slots[next.names[i]], path, true, afresh)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	s := &state{roster: next, slots: map[string]slot{}, shared: slots[len(next.names)]}
	var failed []error
	inUse := map[syncro.Key]bool{}
	for i, one := range slots {
		if i < len(next.names) {
			s.slots[next.names[i]] = one
		}
		failed = append(failed, one.err)
		if one.entry != nil {
			inUse[one.entry.Key] = true
		}
	}
	d.state.Store(s)
	d.proofs.forget(inUse)
	return errors.Join(failed...)
}

// refresh is what lies at path now. owned is an entry of one technician.
func (d *Directory) refresh(old slot, path string, owned, afresh bool) slot {
	if !afresh && old.err == nil {
		info, err := d.vault.stat(path)
		if sameFile(info, old.info) && (err == nil || errors.Is(err, fs.ErrNotExist)) {
			return old
		}
	}
	entry, info, err := d.vault.open(path, owned)
	switch {
	case err == nil:
		if !sameFile(info, old.info) || old.err != nil {
			d.log.Info("vault entry opened", "entry", path, "status", entry.Status, "syncro_user_id", entry.UserID)
		}
		return slot{path: path, info: info, entry: &entry}
	case errors.Is(err, fs.ErrNotExist):
		if old.entry != nil {
			d.log.Warn("vault entry is gone, and its key is not used any more", "entry", path)
		}
		return slot{path: path}
	default:
		if afresh || old.err == nil || old.err.Error() != err.Error() {
			d.log.Error("vault entry cannot be opened", "entry", path, "error", err, "older_version_in_use", old.entry != nil)
		}
		return slot{path: path, info: info, entry: old.entry, err: err}
	}
}

// sameFile reports whether nothing was written between a and b; nil is a file
// that is not there.
func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
