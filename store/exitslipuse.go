package store

import (
	"strings"

	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// useExitSlips notes what left, on the condition that each slip is as it was decided on, and tells who applied.
func useExitSlips(tx *database.Tx, uses []passUse) error {
	if err := tickSlips(tx, uses); err != nil {
		return err
	}
	if err := tickItems(tx, uses); err != nil {
		return err
	}
	var notes []core.MessageNote
	for _, u := range uses {
		if u.row.SlipApplicant != 0 {
			notes = append(notes, releasedNote(u, core.ExitSlip{Total: u.row.SlipItems, LeftMask: u.slipLeft()}))
		}
	}
	return outbox.Put(tx, notes...)
}

// slipLeft is what has left by the slip after this release.
func (u passUse) slipLeft() uint64 { return uint64(u.row.SlipLeft) | core.ExitMask(u.attempt.Items) }

func tickSlips(tx *database.Tx, uses []passUse) error {
	var args []any
	for _, u := range uses {
		args = append(args, int64(u.row.Slip), int64(u.slipLeft()))
	}
	args = append(args, tx.NowMS(), tx.NowMS())
	for _, u := range uses {
		args = append(args, int64(u.row.Slip), u.row.SlipLeft)
	}
	n, err := tx.Exec(`
		UPDATE exit_slip
		SET left_mask = CASE id`+strings.Repeat(" WHEN ? THEN ?", len(uses))+` END, left_at = ?, updated_at = ?
		WHERE revoked_at IS NULL
			AND (`+orEach("(id = ? AND left_mask = ?)", len(uses))+")", args...)
	if err == nil && n != int64(len(uses)) {
		err = database.ErrRace
	}
	return err
}

func tickItems(tx *database.Tx, uses []passUse) error {
	args := []any{tx.NowMS()}
	for _, of := range []func(passUse) any{
		func(u passUse) any { return int64(u.outcome.Record.ID) },
		func(u passUse) any { return u.outcome.Record.Gate },
		func(u passUse) any { return u.outcome.Record.ReleasedBy },
	} {
		for _, u := range uses {
			args = append(args, int64(u.row.Slip), of(u))
		}
	}
	items := 0
	for _, u := range uses {
		for _, place := range placesOf(core.ExitMask(u.attempt.Items)) {
			args = append(args, int64(u.row.Slip), place)
			items++
		}
	}
	bySlip := "CASE slip_id" + strings.Repeat(" WHEN ? THEN ?", len(uses)) + " END"
	n, err := tx.Exec(`
		UPDATE exit_slip_item
		SET left_at = ?, record_id = `+bySlip+", gate = "+bySlip+", guard = "+bySlip+`
		WHERE left_at IS NULL
			AND (`+orEach("(slip_id = ? AND n = ?)", items)+")", args...)
	if err == nil && n != int64(items) {
		err = database.ErrRace
	}
	return err
}

// releasedNote tells who applied what has left. A slip may have been revoked, or become another house's, since: it is theirs still.
func releasedNote(u passUse, after core.ExitSlip) core.MessageNote {
	title := u.row.House + " 的出门条已在 " + u.outcome.Record.Gate + " 全部放行"
	if after.Gone() < after.Total {
		title = u.row.House + " 的出门条已在 " + u.outcome.Record.Gate + " 部分放行：" + after.GoneText()
	}
	return core.MessageNote{
		Kind: core.MessageExitSlip, Community: u.row.PassCommunity, User: u.row.SlipApplicant, Title: title, Link: exitSlipLink(u.row.Slip),
	}
}

// placesOf returns the places whose bits are set.
func placesOf(mask uint64) []any {
	var places []any
	for n := 1; n <= core.MaxExitItems; n++ {
		if mask&(1<<(n-1)) != 0 {
			places = append(places, n)
		}
	}
	return places
}

// exitSlipLink is the page of a slip as who applied for it sees it, and below /console/ as the office does.
func exitSlipLink(id core.ID) string { return "exitslip/" + id.String() }
