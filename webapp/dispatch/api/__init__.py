"""The field API of dispatch: the office's side and the technician's."""
