package store

import (
	"context"
	"time"

	"tongxing/core"
	"tongxing/store/database"
)

// LatePassage is a passage that a guard released and wrote down while the phone had no connection.
type LatePassage struct {
	Name, House string // as typed; one of them may be empty
	Reason      string
	Ago         time.Duration // how long before it was sent, by the phone's clock
	unknown     bool          // it names nobody with a pass, or several
	bounded     bool          // Ago is longer than LateBound
}

// LateBound is how far back a passage may have been written down: an earlier one has that time.
const LateBound = 24 * time.Hour

// Bounds of what is typed, in characters; they are the columns' widths.
const (
	maxLateName   = 64
	maxLateHouse  = 60
	maxLateReason = 60
)

func (l LatePassage) check() error {
	fields := map[string]string{}
	if l.Name == "" && l.House == "" {
		fields["name"] = "请填写姓名或房号"
	}
	if l.Reason == "" {
		fields["reason"] = "请填写原因"
	}
	for name, text := range map[string]struct {
		of  string
		max int
	}{"name": {l.Name, maxLateName}, "house": {l.House, maxLateHouse}, "reason": {l.Reason, maxLateReason}} {
		if cutText(text.of, text.max) != text.of {
			fields[name] = "文字太长"
		}
	}
	return core.InvalidFields(fields)
}

// note returns the words that the record keeps: the guard's, and what is to be known of it. Of an urgent release they say that it
// was written down.
func (l LatePassage) note(d core.Decision) string {
	words := l.Reason
	switch {
	case l.unknown:
		words += "（离线补登，没有找到这位住户的通行证）"
	case d.Overruled != "":
		words += "（离线补登，规则不允许：" + d.Overruled.Label() + "）"
	}
	if l.bounded {
		words += "（时间早于 24 小时）"
	}
	return words
}

// RecordLate records what a guard wrote down without a connection, once, whatever the rules say: it has happened. What was typed is
// matched with the one resident whom it means; if it means nobody, or several, it is kept as it was typed. TokenDigest identifies it:
// sent again, however often and by however many pages, the first record is the answer. What the rules refuse, and who is not known,
// is an urgent release: its alert is raised with the record, since it may be older than what the job looks at.
func (s *Store) RecordLate(ctx context.Context, scope core.Scope, a ScanAttempt) (ScanOutcome, error) {
	late := *a.Late
	late.Name, late.House, late.Reason = core.Clean(late.Name), core.Clean(late.House), core.Clean(late.Reason)
	if err := late.check(); err != nil {
		return ScanOutcome{}, err
	}
	if first, found, err := s.released(ctx, a.TokenDigest); err != nil || found {
		return repeatOf(first), database.Wrap("record what was late", err)
	}
	now := s.Now().Truncate(time.Millisecond)
	late.bounded = late.Ago > LateBound
	made := now.Add(-min(max(late.Ago, 0), LateBound)).Truncate(time.Millisecond)
	var err error
	if a.Pass, err = s.passTyped(ctx, scope, late); err != nil {
		return ScanOutcome{}, database.Wrap("record what was late", err)
	}
	late.unknown = a.Pass == 0
	a.Via, a.Late = core.ViaManual, &late
	var outcome ScanOutcome
	err = s.db.Write(ctx, "record what was late", func(tx *database.Tx) error {
		plan, err := s.planScans(tx, []ScanAttempt{a}, made)
		if err != nil {
			return err
		}
		if outcome = plan.outcomes[0]; outcome.Record.ID == 0 {
			return core.NotFound(noGuardPost)
		}
		if err := plan.save(tx); err != nil {
			return err
		}
		for _, alert := range core.AccessAlertsOf([]core.AccessRecord{outcome.Record}) {
			if err := raiseAccessAlert(tx, alert); err != nil {
				return err
			}
		}
		return nil
	})
	if database.IsDuplicate(err) { // another page was faster
		first, found, again := s.released(ctx, a.TokenDigest)
		if again == nil && found {
			return repeatOf(first), nil
		}
	}
	return outcome, err
}

// passTyped returns the pass of the resident whom a typed name and house mean; 0 if they mean nobody, or several.
func (s *Store) passTyped(ctx context.Context, scope core.Scope, late LatePassage) (core.ID, error) {
	filter := ResidentFilter{Keyword: late.Name, Page: Page{Limit: maxHousesByText}}
	houses := map[core.ID]bool{}
	if late.House != "" {
		found, ok, err := s.housesByText(ctx, scope, late.House)
		if err != nil || !ok {
			return 0, err
		}
		for _, h := range found {
			houses[h.ID] = true
		}
	}
	if late.Name == "" {
		return 0, nil // a house alone is nobody
	}
	rows, _, err := s.Residents(ctx, scope, filter)
	if err != nil {
		return 0, err
	}
	var fit []core.ID
	for _, r := range rows {
		if core.FoldName(r.Name) == core.FoldName(late.Name) && (late.House == "" || houses[r.House]) {
			fit = append(fit, r.ID)
		}
	}
	if len(fit) != 1 {
		return 0, nil
	}
	passes, err := s.PassOfResidents(ctx, fit)
	return passes[fit[0]], err
}
