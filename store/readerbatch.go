package store

import (
	"tongxing/core"
	"tongxing/store/database"
)

// readerItem is a reader's 接受二维码 as a batch keeps it.
type readerItem struct {
	QRAllowed bool  `json:"qr_allowed"`
	Updated   int64 `json:"updated"` // updated_at
}

// writeReaderBatches keeps readers whose 接受二维码 was switched, a batch for each community.
func writeReaderBatches(tx *database.Tx, by core.Actor, were []core.Reader) (core.Batch, error) {
	things := map[core.ID][]batchThing{}
	var communities []core.ID
	for _, r := range were {
		if things[r.Community] == nil {
			communities = append(communities, r.Community)
		}
		things[r.Community] = append(things[r.Community], batchThing{
			ID:     r.ID,
			Before: readerItem{QRAllowed: r.QRAllowed, Updated: millisOf(r.Updated)},
			After:  readerItem{QRAllowed: !r.QRAllowed, Updated: tx.NextUpdated(r.Updated)},
		})
	}
	return writeBatches(tx, by, core.BatchReaderQR, communities, things)
}

// undoReadersQR switches 接受二维码 of readers back that were not changed since.
func undoReadersQR(u *undoing) error {
	return u.each(func(item batchItemRow) error {
		var was, became readerItem
		if err := readBatchText(item.Before, &was); err != nil {
			return err
		}
		if err := readBatchText(item.After, &became); err != nil {
			return err
		}
		r, err := lockReader(u.tx, core.Everywhere, item.Thing)
		switch {
		case core.IsNotFound(err):
			u.keep(item.Thing, core.BatchGone)
			return nil
		case err != nil:
			return err
		case millisOf(r.Updated) != became.Updated || r.QRAllowed != became.QRAllowed:
			u.keep(item.Thing, core.BatchChanged)
			return nil
		}
		return setReaderQR(u.tx, u.by, r, was.QRAllowed)
	})
}
