package store

import (
	"tongxing/core"
	"tongxing/store/database"
	"tongxing/store/outbox"
)

// useExitSlips notes what left, on the condition that the slip is as it was decided on, and tells who applied.
func useExitSlips(tx *database.Tx, uses []passUse) error {
	var notes []core.MessageNote
	for _, u := range uses {
		ticked := core.ExitMask(u.attempt.Items)
		left := uint64(u.row.SlipLeft) | ticked
		if err := tx.ExecOne(database.ErrRace, `
			UPDATE exit_slip
			SET left_mask = ?, left_at = ?, updated_at = ?
			WHERE id = ?
			AND left_mask = ?
			AND revoked_at IS NULL`, int64(left), tx.NowMS(), tx.NowMS(), int64(u.row.Slip), u.row.SlipLeft); err != nil {
			return err
		}
		places := placesOf(ticked)
		args := []any{tx.NowMS(), int64(u.outcome.Record.ID), u.outcome.Record.Gate, u.outcome.Record.ReleasedBy, int64(u.row.Slip)}
		n, err := tx.Exec(`
			UPDATE exit_slip_item
			SET left_at = ?, record_id = ?, gate = ?, guard = ?
			WHERE slip_id = ?
			AND left_at IS NULL
			AND n IN (`+database.Placeholders(len(places))+")", append(args, places...)...)
		if err == nil && n != int64(len(places)) {
			err = database.ErrRace
		}
		if err != nil {
			return err
		}
		if u.row.SlipApplicant != 0 {
			notes = append(notes, releasedNote(u, core.ExitSlip{Total: u.row.SlipItems, LeftMask: left}))
		}
	}
	return outbox.Put(tx, notes...)
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
