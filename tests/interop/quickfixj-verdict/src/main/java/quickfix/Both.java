package quickfix;

/** QuickFIX/J's session checks a message over FIXT against two dictionaries; that call is its package's own. */
public final class Both {
    private Both() {}

    /** As {@code Session.next} does: the header by the session's dictionary, the body by the other. */
    public static void validate(Message message, DataDictionary session, DataDictionary body)
            throws IncorrectTagValue, FieldNotFound, IncorrectDataFormat {
        DataDictionary.validate(message, session, body);
    }
}
