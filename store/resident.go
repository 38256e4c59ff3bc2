package store

import "tongxing/core"

// registerIDNumber files the ID number that a guard took at a passage, where
// none was on file.
func registerIDNumber(tx *Tx, resident core.ID, number string) error {
	sealed, err := tx.s.keys.seal("resident.idno", number)
	if err != nil {
		return err
	}
	_, err = tx.exec("UPDATE resident SET idno_cipher = ?, idno_mac = ?, idno4_mac = ?, updated_at = ? WHERE id = ? AND idno_cipher = ''",
		sealed, tx.s.keys.mac("idno", number), tx.s.keys.mac4("idno", number), tx.nowMS(), int64(resident))
	return err
}
