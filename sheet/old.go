package sheet

func openOld([]byte) (reader, error) { return nil, errAncient }
