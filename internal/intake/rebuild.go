package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// Rebuilt is what a usage store was made of again.
type Rebuilt struct {
	Loads   int   `json:"loads"`
	Files   int   `json:"files"`
	Batches int   `json:"batches"`
	Rows    int64 `json:"rows"`
	Twice   int64 `json:"sealed_twice,omitempty"` // rows that an import sealed although they were sealed already: from now on they count once
}

// sealedLoad is a load with its batches of daily usage, those that no longer count too: documents may refer to them.
type sealedLoad struct {
	usage.Load
	batches []usage.Batch
}

// Rebuild makes the rows of all batches again, from archived sources, in a store that holds nothing yet, and holds them
// against what the ledger says was sealed: how many they are, what they cost, and the digest of all they say. Only then
// is place called, which puts the store where it belongs. Unavailable says which archives are missing or damaged, or
// which batch did not become what it was: then place is not called.
func (v *Service) Rebuild(ctx context.Context, place func() error, progress func(Progress)) (out Rebuilt, err error) {
	grant, err := v.Access.Require(ctx, access.UsageImport)
	if err != nil {
		return out, err
	}
	left, err := v.Rows.Loads(ctx)
	if err != nil {
		return out, err
	}
	if len(left) > 0 {
		return out, fault.New(fault.Conflict, "not_empty", "the usage store to rebuild into holds %d loads already; nothing was done", len(left))
	}
	loads, err := v.sealedLoads(ctx, grant.Scope)
	if err == nil {
		err = v.verifyArchives(loads)
	}
	if err != nil {
		return out, err
	}
	at := Progress{}
	for _, l := range loads {
		for _, f := range l.Files {
			if f.Dataset == usage.DailyUsage {
				at.TotalBytes += f.Bytes
			}
		}
	}
	for i := range loads {
		files, err := v.rebuildLoad(ctx, grant.Scope, &loads[i], &at, progress)
		if err != nil {
			return out, err
		}
		out.Loads++
		out.Files += files
		for _, b := range loads[i].batches {
			out.Batches++
			out.Rows += b.Rows
		}
	}
	masks, err := v.maskRepeated(ctx, grant.Scope, &out)
	if err != nil {
		return out, err
	}
	if err := place(); err != nil {
		return out, err
	}
	return out, v.DB.Do(context.WithoutCancel(ctx), func(ctx context.Context, t tx.Tx) error { // done is done
		if err := v.Store.Mask(ctx, t, masks); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.UsageRebuilt, grant.Actor, "usage", out)
	})
}

// sealedLoads lists the loads that have rows in the usage store, by number.
func (v *Service) sealedLoads(ctx context.Context, s scope.Scope) (out []sealedLoad, err error) {
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		loads, err := v.Store.Loads(ctx, r, s)
		if err != nil {
			return err
		}
		if err := v.refuseNewer(loads); err != nil {
			return err
		}
		batches, err := v.Store.Batches(ctx, r, s, usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true})
		for _, l := range loads {
			of := slices.DeleteFunc(slices.Clone(batches), func(b usage.Batch) bool { return b.LoadNumber != l.Number })
			if len(of) > 0 {
				out = append(out, sealedLoad{l, of})
			}
		}
		return err
	})
	return out, err
}

// tooNew is what is answered where something was made by a newer build than this.
func tooNew(format string, args ...any) error {
	return fault.New(fault.Conflict, "usage_too_new", format+" was made by a newer program, whose rules this one does not know: nothing was changed; use the newer program", args...)
}

// refuseNewer is a Conflict when a file of a load was read by rules that only a newer build knows.
func (v *Service) refuseNewer(loads []usage.Load) error {
	for _, l := range loads {
		for _, f := range l.Files {
			if f.ReadBy() > v.today() {
				return tooNew("what was read of %s, of load %s,", f.Name, l.ID)
			}
		}
	}
	return nil
}

// verifyArchives is Unavailable unless everything that loads are made of again is there and whole.
func (v *Service) verifyArchives(loads []sealedLoad) error {
	var missing []string
	for _, l := range loads {
		if l.RebuildManifest == "" {
			missing = append(missing, fmt.Sprintf("of load %s how its rows are referred to: it was imported by a build that did not keep that", l.ID))
		}
		for _, f := range l.Files {
			if f.Archive != "" && f.Dataset == usage.DailyUsage && v.Files.Verify(f.Archive) != nil {
				missing = append(missing, fmt.Sprintf("the archive of %s (%s), of load %s", f.Name, f.Archive, l.ID))
			}
		}
		if l.RebuildManifest != "" && v.Files.Verify(l.RebuildManifest) != nil {
			missing = append(missing, fmt.Sprintf("the rebuild manifest (%s) of load %s", l.RebuildManifest, l.ID))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fault.New(fault.Unavailable, "archive_damaged",
		"the usage store cannot be rebuilt, and the old one was left as it is; missing or damaged: %s. Restore these files from a backup, or the usage store itself",
		strings.Join(missing, "; "))
}

// rebuildLoad makes the rows of one load again, and says of how many files.
func (v *Service) rebuildLoad(ctx context.Context, s scope.Scope, sealed *sealedLoad, at *Progress, progress func(Progress)) (files int, err error) {
	l, how, err := v.beginRebuild(ctx, sealed, at, progress)
	if err != nil {
		return 0, err
	}
	if err = l.readArchives(ctx, sealed, how); err == nil {
		err = l.leaveOut(ctx, how)
	}
	if err != nil {
		return 0, errors.Join(err, l.writer.Abort(context.WithoutCancel(ctx)))
	}
	if err := l.writer.Close(ctx); err != nil {
		return 0, err
	}
	at.Bytes, at.Rows = l.bytes.Load(), l.rows.Load()
	return len(l.files), v.verifySealed(ctx, s, sealed)
}

// verifySealed is Unavailable unless every batch of a load is what it was.
func (v *Service) verifySealed(ctx context.Context, s scope.Scope, sealed *sealedLoad) error {
	for _, b := range sealed.batches {
		list, err := star.Mismatches(ctx, v.Rows, s, b)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return fault.New(fault.Unavailable, "rebuilt_differently",
				"batch %s of load %s does not become what it was, and the old usage store was left as it is: %s. Restore the usage store from the backup that belongs to this ledger",
				b.ID, sealed.ID, list[0].Text)
		}
	}
	return nil
}

// beginRebuild begins a load under the numbers it had. Slots of which nothing was sealed get numbers that no batch has.
func (v *Service) beginRebuild(ctx context.Context, sealed *sealedLoad, at *Progress, progress func(Progress)) (*loading, *rebuildManifest, error) {
	file, err := v.Files.Get(sealed.RebuildManifest)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	how, err := readRebuildManifest(file)
	if errors.Is(err, errLaterManifest) {
		return nil, nil, tooNew("the rebuild manifest (%s) of load %s", sealed.RebuildManifest, sealed.ID)
	}
	if err != nil {
		return nil, nil, fault.New(fault.Unavailable, "recipe_unreadable",
			"the rebuild manifest (%s) of load %s cannot be read, and the old usage store was left as it is", sealed.RebuildManifest, sealed.ID).Because(err)
	}
	l := &loading{
		service: v, number: sealed.Number, entries: star.DictionaryOf(how.entries), tags: star.DictionaryOf(how.tags), variants: star.DictionaryOf(how.variants),
		batches: map[usage.Slot]uint32{}, slots: map[uint32]usage.Slot{}, next: unsealed, limit: unsealed + maxSlots,
		progress: progress, total: at.TotalBytes, archive: archivedAlready, without: map[uint16]map[int64]bool{},
	}
	l.bytes.Store(at.Bytes)
	l.rows.Store(at.Rows)
	for _, b := range sealed.batches {
		l.batches[b.Slot], l.slots[b.Number] = b.Number, b.Slot
	}
	for _, p := range how.rows {
		if l.without[p.File] == nil {
			l.without[p.File] = map[int64]bool{}
		}
		l.without[p.File][int64(p.Line)] = true
	}
	l.writer, err = v.Rows.Begin(ctx, l.number)
	return l, how, err
}

// unsealed is where the numbers of batches begin that hold rows only until they are left out.
const unsealed = 1<<32 - 1 - maxSlots

// readArchives reads the files of a load of which rows count, as they were archived.
func (l *loading) readArchives(ctx context.Context, sealed *sealedLoad, how *rebuildManifest) error {
	for _, f := range sealed.Files {
		if f.Dataset != usage.DailyUsage || slices.Contains(how.files, f.Number) {
			continue
		}
		file := &sourceFile{File: f, name: f.Name, number: f.Number, cells: star.Cells{}}
		l.files = append(l.files, file)
		src := Source{Name: f.Name, Open: func() (io.ReadCloser, error) { return l.service.original(f.Archive), nil }}
		if err := l.read(ctx, file, src, usage.DailyUsage); err != nil {
			return err
		}
		if file.failed != nil {
			return fault.New(fault.Unavailable, "archive_unreadable",
				"the archive of %s (%s) cannot be read as it was when it was imported, and the old usage store was left as it is: %v", f.Name, f.Archive, file.failed)
		}
	}
	return nil
}

// original reads an archived source.
func (v *Service) original(archive string) io.ReadCloser {
	out, in := io.Pipe()
	go func() { in.CloseWithError(v.Files.Original(in, archive)) }()
	return out
}

// leaveOut takes out what was sealed before this load, and stores the cells of the rest.
func (l *loading) leaveOut(ctx context.Context, how *rebuildManifest) error {
	sums := star.Cells{}
	for _, f := range l.files {
		sums.Merge(f.cells)
	}
	out := map[star.Key]bool{}
	for _, c := range how.cells {
		out[star.KeyOf(c)] = true
	}
	var keep, remove []usage.Cell
	for _, c := range sums.List() {
		if c.Batch >= unsealed || out[star.KeyOf(c)] {
			remove = append(remove, c)
		} else {
			keep = append(keep, c)
		}
	}
	if err := l.writer.Remove(ctx, remove); err != nil {
		return err
	}
	return l.writer.PutCells(ctx, keep)
}

// archivedAlready keeps nothing of a file, which is in the file store.
func archivedAlready(f *sourceFile) (Archiver, error) { return noArchive{f.Archive, f.Digest}, nil }

type noArchive struct{ archive, original string }

func (noArchive) Add([]byte, int64, int64, []Repeat) error { return nil }
func (k noArchive) Close() (archive, original string, err error) {
	return k.archive, k.original, nil
}
func (noArchive) Abort() {}

// skippingDecoder is a decoder that passes over lines.
type skippingDecoder struct {
	Decoder
	lines map[int64]bool
}

// Next is the next block, which passes over lines too.
func (d skippingDecoder) Next() (RawBlock, error) {
	b, err := d.Decoder.Next()
	return skippingBlock{b, d.lines}, err
}

type skippingBlock struct {
	RawBlock
	lines map[int64]bool
}

// Rows decodes the block but for the lines that are passed over.
func (b skippingBlock) Rows(yield func(*Row) error) error {
	return b.RawBlock.Rows(func(r *Row) error {
		if b.lines[r.Line] {
			return nil
		}
		return yield(r)
	})
}
